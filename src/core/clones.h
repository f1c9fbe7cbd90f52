// BELAMY_CLONES before a function of plain loops: the compiler makes a copy for AVX-512, for AVX2 and for
// plain x86-64, and the loader picks one. On other architectures it does nothing. Such files are compiled
// with -O3 and -fno-math-errno, without which a loop with a square root stays scalar.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define BELAMY_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define BELAMY_CLONES
#endif

// For functions that are to be inlined into each copy of their caller.
#define BELAMY_INLINE inline __attribute__((always_inline))
