#include "core/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <limits>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/text.h"

namespace belamy {
namespace {

/// A terminal of `columns` columns, and what was written to it.
class Terminal {
 public:
  explicit Terminal(unsigned short columns) : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) return;
    const int slave = open(ptsname(master_), O_RDWR | O_NOCTTY);
    if (slave < 0) return;
    termios raw{};
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);  // else "\n" would arrive as "\r\n"
    tcsetattr(slave, TCSANOW, &raw);
    const winsize size{24, columns, 0, 0};
    ioctl(slave, TIOCSWINSZ, &size);
    fcntl(master_, F_SETFL, O_NONBLOCK);
    stream_ = fdopen(slave, "w");
  }
  ~Terminal() {
    if (stream_) std::fclose(stream_);
    if (master_ >= 0) close(master_);
  }

  std::FILE* stream() const { return stream_; }
  std::string written() const {
    char buffer[4096];
    const auto count = read(master_, buffer, sizeof buffer);
    return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : "";
  }

 private:
  int master_;
  std::FILE* stream_ = nullptr;
};

TEST(Progress, RedrawsOneLineOnATerminal) {
  const Terminal terminal(40);
  if (!terminal.stream()) GTEST_SKIP() << "no pseudo terminal here";
  {
    Progress progress(terminal.stream());
    EXPECT_TRUE(progress.terminal());
    progress.update("step 1");
    EXPECT_EQ(terminal.written(), "\r\x1b[Kstep 1");
    progress.update("step 2");
    EXPECT_EQ(terminal.written(), "\r\x1b[Kstep 2");
    progress.line("saved");
    EXPECT_EQ(terminal.written(), "\r\x1b[Ksaved\n\r\x1b[Kstep 2");
    progress.finish();
    EXPECT_EQ(terminal.written(), "\n");
    progress.line("after");
    EXPECT_EQ(terminal.written(), "after\n");
    progress.update("again");
    terminal.written();
  }
  EXPECT_EQ(terminal.written(), "\n");  // the destructor finishes an open line
}

TEST(Progress, ClipsToTheWidthByCodePoints) {
  const Terminal terminal(6);
  if (!terminal.stream()) GTEST_SKIP() << "no pseudo terminal here";
  Progress progress(terminal.stream());
  progress.update("abcdefgh");
  EXPECT_EQ(terminal.written(), "\r\x1b[Kabcde");
  progress.update("\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88x");
  EXPECT_EQ(terminal.written(), "\r\x1b[K\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x96\x88\xe2\x96\x88");
  progress.update("ab\ncd");
  EXPECT_EQ(terminal.written(), "\r\x1b[Kab");
  progress.update("exact");
  EXPECT_EQ(terminal.written(), "\r\x1b[Kexact");
}

TEST(Progress, PrintsPlainLinesElsewhere) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  {
    Progress progress(file);
    EXPECT_FALSE(progress.terminal());
    progress.update(std::string(200, 'x'));
    progress.line("b");
    progress.finish();
  }
  std::rewind(file);
  char buffer[512];
  const auto count = std::fread(buffer, 1, sizeof buffer, file);
  EXPECT_EQ(std::string(buffer, count), std::string(200, 'x') + "\nb\n");
  std::fclose(file);
}

TEST(Format, Duration) {
  EXPECT_EQ(format_duration(0), "0 s");
  EXPECT_EQ(format_duration(1e-6), "0 s");
  EXPECT_EQ(format_duration(0.0312), "0.031 s");
  EXPECT_EQ(format_duration(0.44), "0.44 s");
  EXPECT_EQ(format_duration(4), "4 s");
  EXPECT_EQ(format_duration(4.21), "4.2 s");
  EXPECT_EQ(format_duration(9.96), "10 s");
  EXPECT_EQ(format_duration(59.6), "1 min 0 s");
  EXPECT_EQ(format_duration(200), "3 min 20 s");
  EXPECT_EQ(format_duration(7500), "2 h 5 min");
  EXPECT_EQ(format_duration(3 * 86400 + 3600), "3 d 1 h");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "?");
  EXPECT_EQ(format_duration(-1), "?");
}

TEST(Format, Bytes) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(1024), "1.0 KiB");
  EXPECT_EQ(format_bytes(3565158), "3.4 MiB");
  EXPECT_EQ(format_bytes((1u << 20) - 1), "1.0 MiB");
  EXPECT_EQ(format_bytes(std::numeric_limits<std::uint64_t>::max()), "16.0 EiB");
}

TEST(Format, Count) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(60000), "60,000");
  EXPECT_EQ(format_count(-123), "-123");
  EXPECT_EQ(format_count(-1234567), "-1,234,567");
}

TEST(Format, Rate) {
  EXPECT_EQ(format_rate(0), "0");
  EXPECT_EQ(format_rate(0.52), "0.520");
  EXPECT_EQ(format_rate(12.34), "12.3");
  EXPECT_EQ(format_rate(9.996), "10.0");
  EXPECT_EQ(format_rate(999.6), "1,000");
  EXPECT_EQ(format_rate(1852), "1,850");
  EXPECT_EQ(format_rate(100), "100");
  EXPECT_EQ(format_rate(std::numeric_limits<double>::infinity()), "?");
}

}  // namespace
}  // namespace belamy
