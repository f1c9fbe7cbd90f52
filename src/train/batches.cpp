#include "train/batches.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "belamy/error.h"

#include "core/random.h"
#include "core/text.h"
#include "data/captions.h"
#include "data/one_shot_trials.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"

namespace belamy {

BatchOrder::BatchOrder(std::int64_t count, std::int64_t seed, std::uint64_t stream)
    : count_(count), seed_(static_cast<std::uint64_t>(seed)), stream_(stream) {}

Tensor BatchOrder::at(std::int64_t first, std::int64_t size) {
  std::vector<Tensor> parts;
  for (std::int64_t at = first, end = at + size; at < end;) {
    const auto epoch = at / count_, offset = at % count_;
    if (epoch != cached_epoch_) {
      Random random(seed_, static_cast<std::uint64_t>(epoch) + (stream_ << 32));
      cached_ = torch::tensor(random.permutation(count_), torch::kLong);
      cached_epoch_ = epoch;
    }
    const auto take = std::min(end - at, count_ - offset);
    parts.push_back(cached_.narrow(0, offset, take));
    at += take;
  }
  return parts.size() == 1 ? parts[0] : torch::cat(parts);
}

namespace {

// The indices of `count` examples, equally many of each class.
std::vector<std::int64_t> choose_labelled(const Dataset& data, std::int64_t count, std::int64_t seed) {
  const std::set<std::int64_t> present(data.labels.begin(), data.labels.end());
  const auto classes = static_cast<std::int64_t>(present.size());
  if (present.empty()) {
    throw data_error("'" + data.name + "' has no labels", "set data.labelled=0, or use data with labels");
  }
  if (count % classes != 0) {
    throw usage_error(
        fmt::format("data.labelled={} cannot be divided equally among {}", count, counted(classes, "class")),
        fmt::format("set data.labelled to a multiple of {}", classes));
  }
  std::vector<std::int64_t> left(data.class_names.size(), count / classes), chosen;
  for (const auto place : Random(static_cast<std::uint64_t>(seed), 3ull << 32).permutation(data.count)) {
    auto& wanted = left[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(place)])];
    if (wanted > 0) {
      --wanted;
      chosen.push_back(place);
    }
  }
  if (static_cast<std::int64_t>(chosen.size()) < count) {
    throw data_error(
        fmt::format("'{}' does not have {} of each class", data.name, counted(count / classes, "example")),
        "set a smaller data.labelled");
  }
  return chosen;
}

// Independent streams of random numbers from one seed.
enum Stream : std::uint64_t { of_data = 1, of_others = 2, of_partners = 4, of_changes = 5 };

Random random_of(std::int64_t seed, Stream stream, std::int64_t number) {
  return Random(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(number) + (stream << 32));
}

}  // namespace

Batches::Batches(Dataset dataset, const DataOptions& options, std::int64_t batch, std::int64_t seed,
                 torch::Device device, const std::vector<std::string>& vocabulary)
    : shape_(shape_of(dataset)),
      options_(options),
      batch_(batch),
      seed_(seed),
      augment_(options),
      paired_(dataset.paired),
      order_(dataset.count, seed, of_data) {
  if (dataset.matches) {
    if (const auto lack = lack_of_matches(dataset)) throw data_error(lack.what, lack.cure);
  }
  const auto add = [&](Dataset& set) {
    // Moves only the pixels or points out of the set.
    Domain domain{StoredExamples(std::move(set), device), {}, {}, {}};
    if (!set.labels.empty()) domain.labels = torch::tensor(set.labels, torch::kLong).to(device);
    if (const auto rows = attribute_tensor(set); rows.defined()) domain.attributes = rows.to(device);
    if (!set.captions.empty())
      domain.captions =
          caption_tensor(set.captions, vocabulary.empty() ? vocabulary_of(set.captions) : vocabulary)
              .to(device);
    domains_.push_back(std::move(domain));
  };
  add(dataset);
  for (auto& other : dataset.others) add(other);
  if (augment_.any() && !dataset.is_images()) {
    throw usage_error("data.flip, data.shift and data.affine need images, but these data are points",
                      "set data.flip=false, data.shift=0 and data.affine=false");
  }
  if (options.labelled > 0) {
    if (domains_.size() > 1 || dataset.matches)
      throw usage_error("data.labelled needs a single set, but these data are pairs or two domains",
                        "set data.labelled=0");
    labelled_ = torch::tensor(choose_labelled(dataset, options.labelled, options.seed), torch::kLong);
    other_order_.emplace(options.labelled, seed, of_others);
  } else if (domains_.size() > 1 && !paired_) {
    other_order_.emplace(domains_[1].stored.count(), seed, of_others);
  }
  if (!dataset.matches) return;
  const auto classes = dataset.class_names.size();
  auto& partners = partners_.emplace();
  partners.members.resize(classes);
  partners.neighbours.resize(classes);
  for (std::size_t i = 0; i < dataset.labels.size(); ++i) {
    partners.class_of.push_back(static_cast<std::size_t>(dataset.labels[i]));
    partners.members[partners.class_of.back()].push_back(static_cast<std::int64_t>(i));
  }
  std::map<std::string, std::vector<std::size_t>> folders;
  for (std::size_t k = 0; k < classes; ++k) {
    if (!partners.members[k].empty()) folders[folder_of(dataset.class_names[k])].push_back(k);
  }
  for (const auto& [name, inside] : folders) {
    for (const auto k : inside) {
      std::copy_if(inside.begin(), inside.end(), std::back_inserter(partners.neighbours[k]),
                   [k](auto other) { return other != k; });
    }
  }
}

Examples Batches::Domain::gather(const Tensor& places, bool told) const {
  const auto indices = on_device(places, stored.device());
  Examples some;
  some.data = to_model_range(stored.rows(places, indices));
  if (told && labels.defined()) some.labels = labels.index_select(0, indices);
  if (told && attributes.defined()) some.attributes = attributes.index_select(0, indices);
  if (told && captions.defined()) some.captions = captions.index_select(0, indices);
  some.indices = indices;
  return some;
}

// The second example of each pair: of the same class in every (1 + different)-th pair of the run, else of
// another class.
Tensor Batches::second_of_pairs(const Tensor& firsts, const BatchPlace& batch) const {
  auto random = random_of(seed_, of_partners, batch.step);
  const auto pick = [&](const auto& from) { return from[random.below(from.size())]; };
  std::vector<std::int64_t> second;
  for (std::int64_t i = 0; i < batch.size; ++i) {
    const auto place = firsts.data_ptr<std::int64_t>()[i];
    const auto mine = partners_->class_of[static_cast<std::size_t>(place)];
    const auto& alike = partners_->members[mine];
    const auto group = [&](std::int64_t at) {
      return std::floor(static_cast<double>(at) / (1 + options_.different) + 1e-9);
    };
    const auto at = batch.first + i;
    if (group(at + 1) > group(at)) {
      auto other = place;
      while (other == place && alike.size() > 1) other = pick(alike);
      second.push_back(other);
      continue;
    }
    const auto& neighbours = partners_->neighbours[mine];
    auto other = mine;
    if (random.uniform() < options_.near && !neighbours.empty()) other = pick(neighbours);
    while (other == mine || partners_->members[other].empty())
      other = random.below(partners_->members.size());
    second.push_back(pick(partners_->members[other]));
  }
  return torch::tensor(second, torch::kLong);
}

namespace {

// The part of the whole step's rows that the place names.
Tensor part_of(const Tensor& rows, const BatchPlace& place) {
  if (place.parts == 1) return rows;
  const auto n = rows.size(0) / place.parts;
  return rows.narrow(0, place.part * n, n);
}

}  // namespace

// Both sides of a pair get the same random change; other images get changes of their own.
void Batches::change(Batch& batch, const BatchPlace& place) const {
  if (!augment_.any()) return;
  auto random = random_of(seed_, of_changes, place.step);
  const auto draw = [&](const Tensor& images) {
    return part_of(augment_.draw(place.size, images.size(2), images.size(3), random), place);
  };
  const auto maps = draw(batch.data);
  batch.data = Augment::apply(batch.data, maps);
  for (auto* other : {&batch.partner, &batch.labelled}) {
    if (other->data.defined()) other->data = Augment::apply(other->data, paired_ ? maps : draw(other->data));
  }
}

Batch Batches::at(const BatchPlace& place) {
  const auto whole = order_.at(place.first, place.size);
  const auto places = part_of(whole, place);
  const auto other = [&] { return part_of(other_order_->at(place.first, place.size), place); };
  Batch batch{domains_[0].gather(places, !labelled_.defined()), {}, {}};
  if (labelled_.defined()) {
    batch.labelled = domains_[0].gather(labelled_.index_select(0, other()), true);
  } else if (partners_) {
    batch.partner = domains_[0].gather(part_of(second_of_pairs(whole, place), place), true);
  } else if (domains_.size() > 1) {
    batch.partner = domains_[1].gather(paired_ ? places : other(), paired_);
  }
  change(batch, place);
  expect_next(place);
  return batch;
}

// A disk reads the next batch while the model computes. What is chosen by chance, such as partners, waits.
void Batches::expect_next(const BatchPlace& place) {
  const auto first = place.first + place.size;
  const auto expect = [&](const Domain& domain, BatchOrder& order) {
    const auto size = order.left_of_epoch(first, place.size);
    if (domain.stored.on_disk() && size > 0) domain.stored.expect(order.at(first, size));
  };
  expect(domains_[0], order_);
  if (domains_.size() > 1) expect(domains_[1], paired_ ? order_ : *other_order_);
}

Tensor Batches::head(std::int64_t n, std::size_t domain) const {
  return to_model_range(domains_.at(domain).stored.head(n));
}

}  // namespace belamy
