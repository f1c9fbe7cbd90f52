#include "data/decode_ahead.h"

#include <algorithm>
#include <utility>

#include "core/cores.h"

namespace belamy {
namespace {

// Files of a block: enough to be worth a thread. Bytes bound the memory of large pictures.
constexpr std::size_t kFiles = 32, kBytes = std::size_t{1} << 20, kMostThreads = 16;

}  // namespace

DecodeAhead::DecodeAhead(const Visitor& visitor,
                         std::function<Problem(const Error&, const ImageFile&)> explain)
    : visitor_(visitor),
      explain_(std::move(explain)),
      threads_(std::min(static_cast<std::size_t>(allowed_cores()), kMostThreads)) {}

void DecodeAhead::add(ImageFile file) {
  next_bytes_ += file.bytes.size();
  next_.push_back(std::move(file));
  if (next_.size() >= kFiles || next_bytes_ >= kBytes) start();
}

void DecodeAhead::finish() {
  start();
  while (!running_.empty()) hand_over();
}

DecodeAhead::Block DecodeAhead::decode(std::vector<ImageFile> files) const {
  Block block;
  for (auto& file : files) {
    Decoded decoded{file.index, {}, std::move(file.problem)};
    try {
      if (!decoded.problem) decoded.image = decode_image(file.bytes, file.name);
    } catch (const Error& error) {
      decoded.problem = explain_(error, file);
    }
    block.push_back(std::move(decoded));
  }
  return block;
}

void DecodeAhead::start() {
  if (next_.empty()) return;
  // With one core a thread would gain nothing: the block is decoded when it is handed over.
  const auto how = threads_ > 1 ? std::launch::async : std::launch::deferred;
  running_.push_back(std::async(
      how, [this, files = std::exchange(next_, {})]() mutable { return decode(std::move(files)); }));
  next_bytes_ = 0;
  while (running_.size() >= std::max<std::size_t>(2, threads_ + 1)) hand_over();
}

void DecodeAhead::hand_over() {
  auto block = running_.front().get();
  running_.pop_front();
  for (auto& each : block) {
    if (each.problem)
      visitor_.bad(each.index, std::move(*each.problem));
    else
      visitor_.image(each.index, std::move(each.image));
  }
}

}  // namespace belamy
