// BELAMY_CLONES before a function of plain loops: the compiler makes one copy of it for AVX-512, AVX2 and
// plain x86-64, and the loader picks. Other processors get the plain one. Such files are compiled with -O3
// and -fno-math-errno, without which a loop with a square root stays scalar.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define BELAMY_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define BELAMY_CLONES
#endif

// Into each copy of its caller.
#define BELAMY_INLINE inline __attribute__((always_inline))
