#include "pictures/match_pictures.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <torch/types.h>

#include "data/canvas.h"
#include "pictures/views.h"
#include "tensors/image_tensors.h"

namespace belamy {
namespace {

constexpr Canvas::Colour kRight = {160, 205, 160}, kWrong = {205, 30, 30}, kInk = {40, 40, 40};
constexpr int kColumns = 10, kFrame = 3, kNumber = 11, kGap = 8, kBetween = 24, kSide = 96;

// Pairs of one kind, the most alike first.
struct Block {
  std::vector<Image> upper, lower;
  Tensor similarity;  // [N] f64

  int rows() const { return (static_cast<int>(upper.size()) + kColumns - 1) / kColumns; }
};

Block block_of(Matcher& matcher, const Tensor& first, const Tensor& second, const Tensor& wanted,
               std::int64_t most) {
  const auto places = wanted.nonzero().squeeze(1).slice(0, 0, most);
  if (places.size(0) == 0) return {};
  const auto a = first.index_select(0, places), b = second.index_select(0, places);
  const auto similarity = matcher.similarity(a, b).to(torch::kDouble).cpu();
  const auto order = similarity.argsort(0, /*descending=*/true);
  const auto sorted = [&](const Tensor& images) { return to_images(images.cpu().index_select(0, order)); };
  return {sorted(a), sorted(b), similarity.index_select(0, order)};
}

void paint(Canvas& canvas, const Image& image, int left, int top, int scale) {
  for (int y = 0; y < image.height * scale; ++y) {
    for (int x = 0; x < image.width * scale; ++x) {
      const auto at = static_cast<std::size_t>((y / scale * image.width + x / scale) * image.channels);
      const auto channel = [&](std::size_t c) { return image.pixels[at + (image.channels == 3 ? c : 0)]; };
      canvas.pixel(left + x, top + y, {channel(0), channel(1), channel(2)});
    }
  }
}

}  // namespace

double best_threshold(const Tensor& same, const Tensor& different) {
  const auto all = std::get<0>(torch::cat({same, different}).to(torch::kDouble).sort());
  const auto n = all.size(0);
  // Between each two neighbours, and beyond either end.
  const auto between =
      torch::cat({all.narrow(0, 0, 1) - 1, (all.narrow(0, 0, n - 1) + all.narrow(0, 1, n - 1)) / 2,
                  all.narrow(0, n - 1, 1) + 1});
  const auto right = (same.unsqueeze(0) > between.unsqueeze(1)).sum(1) +
                     (different.unsqueeze(0) <= between.unsqueeze(1)).sum(1);
  return between[right.argmax()].item<double>();
}

Image match_picture(Matcher& matcher, const Batch& pairs, std::int64_t count) {
  const auto most = std::max<std::int64_t>(count / 2 / kColumns, 1) * kColumns;
  const auto& second = pairs.partner;
  const auto equal = pairs.labels == second.labels;
  // Where a loss makes its triplets of pairs of one class alone, the next pair's second is of another.
  const std::int64_t next = equal.all().item<bool>() ? 1 : 0;
  const auto same = block_of(matcher, pairs.data, second.data, equal, most);
  const auto different = block_of(matcher, pairs.data, second.data.roll(next, 0),
                                  pairs.labels != second.labels.roll(next, 0), most);
  if (same.upper.empty() || different.upper.empty()) return {};
  const double threshold = best_threshold(same.similarity, different.similarity);

  const auto side = std::max(same.upper[0].width, same.upper[0].height);
  const int scale = std::clamp(kSide / side, 1, 4);
  const int width = same.upper[0].width * scale, height = same.upper[0].height * scale;
  const int across = width + 2 * kFrame + kGap, down = 2 * height + 3 * kFrame + kNumber + 2 * kGap;
  Canvas canvas(kColumns * across + kGap, (same.rows() + different.rows()) * down + kBetween + kGap,
                {255, 255, 255});
  const auto draw = [&](const Block& block, int top, bool above) {
    for (std::size_t i = 0; i < block.upper.size(); ++i) {
      const int x = kGap + static_cast<int>(i) % kColumns * across,
                y = top + static_cast<int>(i) / kColumns * down;
      const double value = block.similarity[static_cast<std::int64_t>(i)].item<double>();
      canvas.rectangle(x, y, x + width + 2 * kFrame, y + 2 * height + 3 * kFrame,
                       (value > threshold) == above ? kRight : kWrong);
      paint(canvas, block.upper[i], x + kFrame, y + kFrame, scale);
      paint(canvas, block.lower[i], x + kFrame, y + 2 * kFrame + height, scale);
      const auto text = fmt::format("{:.{}f}", value, std::abs(value) < 9.995 ? 2 : 1);
      canvas.number(x + kFrame + (width - Canvas::number_width(kNumber, text)) / 2,
                    y + 2 * height + 3 * kFrame + kGap + kNumber / 2.0, kNumber, text, kInk);
    }
  };
  draw(same, kGap, true);
  const int middle = kGap + same.rows() * down + kBetween / 2 - kGap / 2;
  canvas.rectangle(kGap, middle - 1, canvas.width() - kGap, middle + 1, kInk);
  draw(different, kGap + same.rows() * down + kBetween, false);
  return canvas.image();
}

namespace views {
namespace {

View view_of_pairs(const std::string& key, const std::string& title, View::Time time, Split split) {
  return {.key = key,
          .title = title,
          .time = time,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::matcher) && shape.is_images() &&
                       shape.relation == Relation::matches;
              },
          .draw =
              [split](const ViewContext& context) {
                return match_picture(*context.model.matcher(), context.batch(split), context.count);
              },
          .legend =
              [](Model&, const DataShape&) {
                return Legend{
                    {hex(kRight), "pairs of one class above the line, of two below, the most alike first"},
                    {hex(kWrong), "on the wrong side of the threshold that separates these pairs best"}};
              }};
}

}  // namespace

View pairs() {
  return view_of_pairs("pairs", "Pairs", View::Time::progress, Split::train);
}

View test_pairs() {
  return view_of_pairs("test-pairs", "Pairs of test images", View::Time::end_unseen, Split::test);
}

}  // namespace views
}  // namespace belamy
