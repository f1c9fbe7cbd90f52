// Small data and the shortest ways to a recipe and through a checkpoint, for tests that train.
#pragma once

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <torch/types.h>
#include <vector>

#include "core/random.h"
#include "data/dataset.h"
#include "numbers.h"
#include "train/session.h"

namespace belamy {

/// Square images of ten classes: a bright bar, horizontal or vertical by class, at a place that depends on
/// the class and a little on chance, on a dark ground. Colours differ between channels.
inline Dataset small_images(std::int64_t count, std::int64_t side = 16, std::int64_t channels = 1) {
  Dataset data{.name = "bars", .count = count, .channels = channels, .height = side, .width = side};
  Random random(7);
  for (int k = 0; k < 10; ++k) data.class_names.push_back("bar " + std::to_string(k));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = i % 10;
    const double centre = (static_cast<double>(label % 5) + 0.5 + random.uniform(-0.2, 0.2)) / 5;
    const double light = random.uniform(180, 255);
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t y = 0; y < side; ++y) {
        for (std::int64_t x = 0; x < side; ++x) {
          const double along = (static_cast<double>(label < 5 ? y : x) + 0.5) / static_cast<double>(side);
          const double distance = (along - centre) * 12;
          const double share = static_cast<double>(channels - c) / static_cast<double>(channels);
          data.pixels.push_back(static_cast<std::uint8_t>(light * share * std::exp(-distance * distance)));
        }
      }
    }
    data.labels.push_back(label);
  }
  return data;
}

/// Pairs: A as above, B its negative.
inline Dataset small_pairs(std::int64_t count, std::int64_t side = 16, std::int64_t channels = 1) {
  auto data = small_images(count, side, channels);
  auto negative = data;
  for (auto& value : negative.pixels) value = static_cast<std::uint8_t>(255 - value);
  data.others.push_back(std::move(negative));
  data.paired = true;
  return data;
}

/// Pairs: A as above, B the same images twice as large.
inline Dataset small_enlargements(std::int64_t count, std::int64_t side = 16, std::int64_t channels = 1) {
  auto data = small_images(count, side, channels);
  data.others = {small_images(count, 2 * side, channels)};
  data.paired = true;
  return data;
}

/// Two domains of different sizes that are not paired.
inline Dataset small_domains(std::int64_t count, std::int64_t side = 16, std::int64_t channels = 1) {
  auto data = small_images(count, side, channels);
  data.others = std::move(small_pairs(count + 7, side, channels).others);
  return data;
}

/// Images whose batches are pairs of one class or of two.
inline Dataset small_matches(std::int64_t count, std::int64_t side = 16, std::int64_t channels = 1) {
  auto data = small_images(count, side, channels);
  data.matches = true;
  return data;
}

/// Points in the plane: two blobs.
inline Dataset small_points(std::int64_t count) {
  Dataset data{.name = "blobs", .count = count, .dimension = 2, .class_names = {"left", "right"}};
  Random random(8);
  for (std::int64_t i = 0; i < count; ++i) {
    data.labels.push_back(i % 2);
    data.points.push_back(static_cast<float>((i % 2 ? 1 : -1) + 0.2 * random.normal()));
    data.points.push_back(static_cast<float>(0.5 + 0.2 * random.normal()));
  }
  return data;
}

/// The model's own defaults, then `settings`.
inline std::unique_ptr<Recipe> recipe_of(const std::string& model, const std::vector<std::string>& settings) {
  return Recipe::parse("[model]\nname = \"" + model + "\"\n", "the test", settings);
}

/// The file that a checkpoint of `session` would be.
inline std::string checkpoint_of(const Session& session) {
  const auto snapshot = session.save();
  return encode_safetensors(snapshot.arrays, snapshot.metadata);
}

inline Safetensors read_checkpoint(std::string bytes) {
  return decode_safetensors(std::move(bytes), "the checkpoint", true);
}

inline void run_steps(Session& session, int steps) {
  for (int i = 0; i < steps; ++i) session.run_step();
}

const torch::Device kCpu(torch::kCPU);

/// The same values to the bit, not-a-number included.
inline bool same_bits(const Tensor& a, const Tensor& b) {
  const auto x = a.detach().contiguous(), y = b.detach().contiguous();
  return x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type() &&
         std::memcmp(x.data_ptr(), y.data_ptr(), static_cast<std::size_t>(x.numel()) * x.element_size()) == 0;
}

}  // namespace belamy
