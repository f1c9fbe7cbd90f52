// Files of weights from anywhere, damaged in many ways from a seed: each is read or gives a belamy::Error, within a second and
// without memory that only the file claims. Each file is a case of its own, made from the seed and its number; a child process
// reads them, so that a crash is told as well.
//
// BELAMY_FUZZ_SECONDS: tries files for so long, for each format, with BELAMY_FUZZ_SEED (1 by default). A file that fails is
// written to the current folder.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <new>
#include <random>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "belamy/error.h"

#include "core/text.h"
#include "data/onnx_file.h"
#include "data/pytorch_file.h"
#include "export/protobuf.h"
#include "store/safetensors.h"
#include "unit/data/pytorch_samples.h"

namespace belamy {
namespace {

using namespace pytorch_samples;
using testing::HasSubstr;

// --- Damage ---

// What a file is made of, and what makes the file of it: damage inside must not always break the lengths around it.
struct Sample {
  std::string content;
  std::function<std::string(const std::string&)> pack = [](const std::string& bytes) { return bytes; };
};

struct Format {
  std::string name;
  std::vector<Sample> samples;
  std::vector<std::string> tokens;  // pieces of the format, to be put anywhere
  std::function<Safetensors(std::string)> read;
};

void PrintTo(const Format& format, std::ostream* out) {
  *out << format.name;
}

class Damage {
 public:
  Damage(std::uint64_t seed, std::uint64_t number) {
    std::seed_seq sequence{seed, seed >> 32, number, number >> 32};
    random_.seed(sequence);
  }

  std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }

  std::string file(const Format& format) {
    const auto& sample = format.samples[below(format.samples.size())];
    auto bytes = sample.content;
    for (auto n = below(6); n > 0; --n) change(bytes, format);
    bytes = sample.pack(bytes);
    if (below(3) == 0)
      for (auto n = 1 + below(3); n > 0; --n) change(bytes, format);
    return bytes;
  }

 private:
  void change(std::string& bytes, const Format& format) {
    const auto at = below(bytes.size() + 1);
    const auto rest = bytes.size() - at;
    switch (below(10)) {
      case 0:
        if (rest > 0) bytes[at] = static_cast<char>(random_());
        break;
      case 1:
        if (rest > 0) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 2:
        if (below(4) == 0) bytes.resize(at);
        break;
      case 3: bytes.erase(at, below(20)); break;
      case 4: bytes.insert(at, bytes.substr(below(bytes.size()), below(60))); break;
      case 5: {  // the end of another file
        const auto& other = format.samples[below(format.samples.size())].content;
        bytes = bytes.substr(0, at) + other.substr(below(other.size()));
        break;
      }
      case 6: {  // a length at its limits
        const std::size_t wide = std::size_t{1} << below(4);
        const std::uint64_t limits[] = {0,
                                        1,
                                        0x7f,
                                        0xff,
                                        0xffff,
                                        0x7fffffff,
                                        0x80000000,
                                        0xffffffff,
                                        0x7fffffffffffffff,
                                        0x8000000000000000,
                                        0xffffffffffffffff,
                                        bytes.size(),
                                        bytes.size() + 1,
                                        bytes.size() - 1};
        bytes.replace(at, std::min(wide, rest),
                      pytorch_samples::number(limits[below(std::size(limits))], static_cast<int>(wide)));
        break;
      }
      case 7: {  // one thing in another, many times
        const auto part = below(2) ? format.tokens[below(format.tokens.size())]
                                   : bytes.substr(std::min(at, bytes.size()), 1 + below(8));
        std::string many;
        for (auto n = below(3) ? below(8) : below(3000); n > 0; --n) many += part;
        bytes.insert(at, many);
        break;
      }
      default: {  // a piece of the format, beside or in place of what is there
        const auto& token = format.tokens[below(format.tokens.size())];
        bytes.replace(at, below(2) ? 0 : std::min(rest, token.size()), token);
      }
    }
  }

  std::mt19937_64 random_;
};

// --- Reading in a child process ---

struct Limits {
  unsigned seconds = 10;                        // a file; a busy machine needs some
  std::size_t memory = std::size_t{512} << 20;  // more than at the start
};

struct Progress {
  std::uint64_t number = 0, read = 0, refused = 0;
  char fault[600] = "";
};

struct Outcome {
  std::uint64_t tried = 0, read = 0, refused = 0;
  std::vector<std::string> faults;  // what went wrong, with the number of the file
};

using MakeFile = std::function<std::string(std::uint64_t number)>;
using ReadFile = std::function<Safetensors(std::string)>;

void limit_memory(std::size_t more) {
#if !defined(__SANITIZE_ADDRESS__)  // reserves terabytes
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t most = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + more;
  const rlimit limit{most, most};
  ::setrlimit(RLIMIT_AS, &limit);
#endif
}

// What is wrong with the way a file was read; empty if nothing is.
std::string fault_of(const std::string& bytes, const ReadFile& read, Progress& progress) {
  try {
    const auto file = read(bytes);
    std::size_t sum = 0;
    for (const auto& [name, array] : file.arrays) {  // to the last byte, for the sanitizers
      const auto* data = static_cast<const unsigned char*>(array.data);
      for (std::size_t i = 0; i < array.bytes; ++i) sum += data[i];
      if (array.bytes % item_size(array.dtype) != 0) return "a tensor has half a value";
    }
    ++progress.read;
    // What is read can be stored, or is refused in words.
    const auto stored = decode_safetensors(encode_safetensors(file.arrays, file.metadata), "fuzz", true);
    if (stored.arrays.size() != file.arrays.size()) return "stored, it has other tensors";
    for (const auto& [name, array] : stored.arrays) {
      const auto* data = static_cast<const unsigned char*>(array.data);
      for (std::size_t i = 0; i < array.bytes; ++i) sum -= data[i];
    }
    if (sum != 0) return "stored, its tensors have other values";
  } catch (const Error& error) {
    if (error.code() != ExitCode::data && error.code() != ExitCode::storage)
      return fmt::format("an error of code {}: {}", static_cast<int>(error.code()), error.what());
    if (error.message().empty()) return "an error without a message";
    if (error.message().size() > 2000) return "an error of more than 2000 bytes";
    ++progress.refused;
  } catch (const std::bad_alloc&) {
    return "takes too much memory";
  } catch (const std::exception& other) {
    return fmt::format("another exception: {}", other.what());
  }
  return "";
}

[[noreturn]] void read_files(const MakeFile& make, const ReadFile& read, const Limits& limits,
                             std::uint64_t end, Progress& progress) {
  limit_memory(limits.memory);
  for (; progress.number < end; ++progress.number) {
    const auto bytes = make(progress.number);
    ::alarm(limits.seconds);
    const auto fault = fault_of(bytes, read, progress);
    ::alarm(0);
    if (fault.empty()) continue;
    std::strncpy(progress.fault, fault.c_str(), sizeof progress.fault - 1);
    ::_exit(1);
  }
  ::_exit(0);
}

// Reads files `begin` to `end` - 1 in a child process; a fault ends it, and another one goes on after that file.
Outcome try_files(const MakeFile& make, const ReadFile& read, std::uint64_t begin, std::uint64_t end,
                  const Limits& limits = {}) {
  constexpr std::size_t most_faults = 10;
  Outcome outcome;
  void* shared = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::runtime_error("mmap");
  auto& progress = *new (shared) Progress;
  progress.number = begin;
  while (progress.number < end && outcome.faults.size() < most_faults) {
    progress.fault[0] = '\0';
    const auto child = ::fork();
    if (child == 0) read_files(make, read, limits, end, progress);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    std::string fault = progress.fault;
    if (fault.empty())
      fault = !WIFSIGNALED(status)          ? "the process ended"
              : WTERMSIG(status) == SIGALRM ? "takes too long"
                                            : fmt::format("crashes: {}", ::strsignal(WTERMSIG(status)));
    outcome.faults.push_back(fmt::format("file {}: {}", progress.number, fault));
    ++progress.number;
  }
  outcome.tried = progress.number - begin;
  outcome.read = progress.read;
  outcome.refused = progress.refused;
  ::munmap(shared, sizeof(Progress));
  return outcome;
}

// --- The formats ---

Safetensors read_pytorch(const std::string& bytes) {
  return read_pytorch_file(bytes, "fuzz");
}

std::vector<std::string> pickle_tokens() {
  std::vector<std::string> tokens = {"}",
                                     "]",
                                     ")",
                                     "(",
                                     "0",
                                     "N",
                                     "Q",
                                     "R",
                                     "b",
                                     "t",
                                     "u",
                                     "s",
                                     "a",
                                     "e",
                                     "d",
                                     "l",
                                     ".",
                                     "\x85",
                                     "\x86",
                                     "\x87",
                                     "\x88",
                                     "\x93",
                                     "\x94",
                                     "q\x01",
                                     "h\x01",
                                     "q\x02",
                                     "h\x02",
                                     "h",
                                     "j",
                                     "r",
                                     "}q\x01",
                                     "]q\x02",
                                     "(h\x01h\x02u",
                                     "h\x01h\x02s",
                                     "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
                                     "\x8a\xff",
                                     "J\xff\xff\xff\xff",
                                     "M\xff\xff",
                                     "X\xff\xff\xff\x7f",
                                     "ctorch\nSize\n",
                                     "ctorch\nBoolStorage\n",
                                     "ctorch\nDoubleStorage\n",
                                     "ccollections\nOrderedDict\n",
                                     "ctorch._utils\n_rebuild_parameter\n",
                                     "ctorch._utils\n_rebuild_tensor\n"};
  tokens.push_back(std::string("K\0", 2));
  tokens.push_back(long_integer(std::uint64_t{1} << 62));
  tokens.push_back(sizes({0, 0}));
  tokens.push_back(text("w"));
  tokens.push_back(tensor("0", 0, {6}, {1}));
  tokens.push_back(text("x") + tensor("0", 1, {2, 2}, {0, 1}));
  return tokens;
}

std::vector<std::string> pickles() {
  return {dictionary(text("conv.weight") + tensor("0", 0, {2, 3}, {3, 1}) + text("conv.bias") +
                     tensor("0", 4, {2}, {1}) + text("epoch") + integer(7)),
          dictionary(text("model") + "}q\x01(" + text("w") + tensor("0", 0, {3, 2}, {1, 3}) + "u" +
                     text("again") + "h\x01"),
          "ccollections\nOrderedDict\n((" + text("w") + tensor("0", 0, {0}, {1}) + "tt\x85R}b",
          "}q\x02" + text("d") + tensor("0", 0, {3}, {1}, "DoubleStorage") + "s" + text("me") + "N\x94s"};
}

Format pytorch_zip() {
  Format format{"pytorch-zip", {}, pickle_tokens(), read_pytorch};
  for (const auto& each : pickles()) {
    for (const bool wide : {false, true})
      format.samples.push_back({each, [wide](const std::string& content) {
                                  return file(content, floats({1, 2, 3, 4, 5, 6}), wide);
                                }});
    format.samples.push_back({file(each)});
    format.samples.push_back({file(each, floats({1, 2, 3, 4, 5, 6}), true)});
  }
  for (const auto& part :
       {"PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "PK\x06\x06", "PK\x06\x07", "data.pkl", "/data/0"})
    format.tokens.push_back(part);
  return format;
}

Format pytorch_old() {
  Format format{"pytorch-old", {}, pickle_tokens(), read_pytorch};
  const auto keys = "](" + text("0") + "e";
  const auto storages = pytorch_samples::number(6, 8) + std::string(6 * sizeof(double), '\x11');
  for (const auto& each : pickles()) {
    format.samples.push_back(
        {each, [=](const std::string& content) { return old_file(content, keys, storages); }});
    format.samples.push_back(
        {keys, [=](const std::string& content) { return old_file(each, content, storages); }});
    format.samples.push_back({old_file(each, keys, storages)});
  }
  return format;
}

Format onnx() {
  const auto tensor_message = [](const std::string& name, std::int64_t type,
                                 const std::vector<std::int64_t>& shape, int field,
                                 const std::string& values) {
    Message made;
    for (const auto size : shape) made.integer(1, size);
    made.integer(2, type);
    made.text(8, name);
    if (field == 7)
      made.integer(7, -9);
    else
      made.text(field, values);
    return made.bytes();
  };
  const auto wrap = [](const std::string& content) {
    Message graph, model;
    graph.text(5, content);
    model.integer(1, 8);
    model.text(7, graph.bytes());
    return model.bytes();
  };
  Format format{"onnx", {}, {}, [](const std::string& bytes) { return read_onnx_file(bytes, "fuzz"); }};
  const std::vector<std::string> tensors = {
      tensor_message("w", 1, {2, 2}, 9, floats({1, 2, 3, 4})), tensor_message("v", 1, {2}, 4, floats({1, 2})),
      tensor_message("n", 7, {}, 7, ""), tensor_message("e", 10, {0, 3}, 9, "")};
  for (const auto& each : tensors) {
    format.samples.push_back({each, wrap});
    format.samples.push_back({wrap(each)});
    format.tokens.push_back(each);
    Message graph;
    graph.text(5, each);
    format.tokens.push_back(graph.bytes());
  }
  Message packed;
  packed.text(1, std::string("\x01\x02\x00", 3));
  packed.text(7, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  packed.integer(1, std::int64_t{1} << 62);
  packed.integer(14, 1);
  format.tokens.push_back(packed.bytes());
  for (const auto& part : {"\x08", "\x10\x01", "\x10\x0b", "\x4a", "\x0a", "\x42", "\x3a", "\x2a",
                           "\xff\xff\xff\xff\x0f", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"})
    format.tokens.push_back(part);
  return format;
}

Format safetensors() {
  Format format{"safetensors", {}, {}, [](std::string bytes) {
                  return decode_safetensors(std::move(bytes), "fuzz", false);
                }};
  const std::string header =
      R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
      R"("b":{"dtype":"U8","shape":[8],"data_offsets":[16,24]}})";
  const std::string odd = R"({"x":{"dtype":"F64","shape":[3,1],"data_offsets":[0,24]}} )";
  for (const auto& each : {header, odd}) {
    const auto pack = [](const std::string& content) {
      return pytorch_samples::number(content.size(), 8) + content + std::string(24, '\x11');
    };
    format.samples.push_back({each, pack});
    format.samples.push_back({pack(each)});
  }
  const std::vector<float> values(6, 1);
  format.samples.push_back(
      {encode_safetensors({{"w", {DType::f32, {2, 3}, values.data(), 24}}}, {{"format", "pt"}})});
  format.tokens = {"{",
                   "}",
                   "[",
                   "]",
                   "\"",
                   ":",
                   ",",
                   "0",
                   "8",
                   "24",
                   "-1",
                   "1e308",
                   "0.5",
                   "null",
                   "true",
                   "{}",
                   "[]",
                   "\"F32\"",
                   "\"BOOL\"",
                   "\\u0000",
                   "\xff",
                   "18446744073709551615",
                   "9223372036854775807",
                   "4611686018427387904",
                   "\"a\":",
                   R"("c":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)",
                   R"("__metadata__":{},)",
                   R"("sha256":")" + std::string(64, '0') + "\"",
                   "[0,0]",
                   "{\"\":"};
  return format;
}

class ForeignFiles : public testing::TestWithParam<Format> {};

TEST_P(ForeignFiles, AreReadOrRefused) {
  const auto& format = GetParam();
  const char* seed_text = std::getenv("BELAMY_FUZZ_SEED");
  const auto seed = seed_text ? number_in<std::uint64_t>(seed_text).value() : 1;
  const auto make = [&](std::uint64_t number) { return Damage(seed, number).file(format); };
  for (const auto& sample : format.samples)
    EXPECT_FALSE(format.read(sample.pack(sample.content)).arrays.empty()) << "a sound sample is not read";

  const auto begin = std::chrono::steady_clock::now();
  const char* seconds_text = std::getenv("BELAMY_FUZZ_SECONDS");
  const std::chrono::seconds time(seconds_text ? number_in<int>(seconds_text).value() : 0);
  constexpr std::uint64_t at_once = 3000;
  Outcome all;
  do {
    const auto some = try_files(make, format.read, all.tried, all.tried + at_once);
    for (const auto& fault : some.faults) {
      const auto number = *number_in<std::uint64_t>(fault.substr(5, fault.find(':') - 5));
      const auto name = fmt::format("fuzz-{}-{}-{}", format.name, seed, number);
      std::ofstream(name, std::ios::binary) << make(number);
      ADD_FAILURE() << fault << " (written to " << name << ")";
    }
    all.tried += some.tried;
    all.read += some.read;
    all.refused += some.refused;
  } while (!HasFailure() && std::chrono::steady_clock::now() - begin < time);
  fmt::print("{}: {} files tried, {} read, {} refused\n", format.name, all.tried, all.read, all.refused);
  // Damage that breaks all files, or none, tests little.
  EXPECT_GT(20 * all.read, all.tried);
  EXPECT_GT(20 * all.refused, all.tried);
}

INSTANTIATE_TEST_SUITE_P(Formats, ForeignFiles,
                         testing::Values(pytorch_zip(), pytorch_old(), onnx(), safetensors()),
                         [](const auto& info) {
                           auto name = info.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// The fuzzer sees every kind of fault, and goes on behind it.
TEST(ForeignFilesFuzzer, SeesEveryFault) {
  const auto make = [](std::uint64_t number) { return std::to_string(number); };
  const auto read = [](const std::string& bytes) -> Safetensors {
    switch (bytes[0]) {
      case '1': throw std::logic_error("odd");
      case '2': throw Error(ExitCode::internal, "a defect");
      case '3': throw data_error("");
      case '4': std::raise(SIGSEGV); break;
      case '5':
        while (true) ::usleep(1000);
      case '6': throw data_error("in words");
#if !defined(__SANITIZE_ADDRESS__)
      case '7': return {std::string(std::size_t{1} << 31, 'x').empty() ? Safetensors() : Safetensors()};
#endif
      default: break;
    }
    return {};
  };
  const auto outcome = try_files(make, read, 0, 10, {.seconds = 1});
  const std::vector<std::string> expected = {"file 1: another exception: odd",
                                             "file 2: an error of code 1: a defect",
                                             "file 3: an error without a message",
                                             "file 4: crashes: Segmentation fault",
                                             "file 5: takes too long",
                                             "file 7: takes too much memory"};
#if defined(__SANITIZE_ADDRESS__)
  EXPECT_EQ(outcome.faults.size(), 5u);
#else
  EXPECT_EQ(outcome.faults, expected);
#endif
  EXPECT_EQ(outcome.refused, 1u);
}

// Files of a megabyte that say something small very often, or say it of one another.
TEST(ForeignFilesFuzzer, RepetitionTakesNeitherMemoryNorTime) {
  constexpr std::size_t large = 1 << 20;
  const auto repeated = [](const std::string& part, std::size_t bytes) {
    std::string all;
    while (all.size() < bytes) all += part;
    return all;
  };
  const std::string key(large / 2, 'k');
  std::vector<std::string> files;
  // Values, marks, lists and memos, one a byte.
  for (const std::string part : {"N", "(", "]", "}\x94", "]\x94h\x01"})
    files.push_back(file(repeated(part, 2 * large)));
  // A long key of many storages and tensors.
  files.push_back(file(text(key) + "q\x01" +
                       repeated("(" + text("storage") + "ctorch\nFloatStorage\nh\x01NNtQ", large / 2)));
  // Dictionaries that hold one another under long names, and many times.
  files.push_back(file("}q\x02" + text(key) + "q\x01" + repeated("h\x02h\x01h\x02s", large / 2)));
  files.push_back(file("}q\x02(" + repeated("K\x01h\x02", large / 2) + "u"));
  std::string doubled = "}q\x01" + text("w") + tensor("0", 0, {1}, {1}) + "s";
  for (int i = 0; i < 90; ++i)
    doubled = doubled + "q\x01" + "}(" + text("a") + "h\x01" + text("b") + "h\x01u";
  files.push_back(file(doubled));
  // A tensor under many names.
  std::string names = "}q\x02" + tensor("0", 0, {1}, {1}) + "q\x01" + "0(";
  for (int i = 0; names.size() < large; ++i) names += text(std::to_string(i)) + "h\x01";
  files.push_back(file(names + "u"));
  files.push_back(old_file("}q\x02(" + repeated("K\x01h\x02", large / 2) + "u", "]", ""));
  // The same views of a storage again and again.
  std::string views;
  for (int i = 0; views.size() < large; ++i)
    views += text(std::to_string(i)) + tensor("0", 0, {6, 1 << 20}, {1, 0});
  files.push_back(file(dictionary(views)));
  const auto pytorch = files.size();
  // JSON that is deep, or wide.
  for (const std::string part : {"[", "{\"a\":", "[],", "{},", "0,", "\"\":0,"}) {
    for (const std::string head : {"[", R"({"a":[)", R"({"a":{"b":[)"}) {
      const auto header = head + repeated(part, 2 * large);
      files.push_back(pytorch_samples::number(header.size(), 8) + header);
    }
  }
  const auto outcome = try_files([&](std::uint64_t number) { return files[number]; },
                                 [](std::string bytes) {
                                   return is_pytorch_file(bytes)
                                              ? read_pytorch(bytes)
                                              : decode_safetensors(std::move(bytes), "fuzz", false);
                                 },
                                 0, files.size(), {.seconds = 60, .memory = std::size_t{1} << 30});
  EXPECT_THAT(outcome.faults, testing::IsEmpty()) << pytorch << " files of PyTorch come first";
  EXPECT_EQ(outcome.tried, files.size());
}

}  // namespace
}  // namespace belamy
