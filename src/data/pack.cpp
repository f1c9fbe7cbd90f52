#include "data/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <exception>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

#include "belamy/error.h"

#include "core/env.h"
#include "data/readers.h"

namespace belamy {
namespace {

// Writes a zip through Env, so that disk errors are reported as such.
class ZipWriter {
 public:
  explicit ZipWriter(const fs::path& path) : file_(Env::real().open(path, Env::Mode::truncate)) {
    zip_.reset(archive_write_new());
    archive_write_set_format_zip(zip_.get());
    // PNG is compressed already. Without time stamps the same images give the same bytes.
    archive_write_set_options(zip_.get(), "zip:compression=store");
    archive_write_set_bytes_in_last_block(zip_.get(), 1);
    check(archive_write_open(zip_.get(), this, nullptr, write, nullptr));
  }

  void add(const std::string& name, const std::string& bytes) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
    check(archive_write_header(zip_.get(), entry.get()));
    if (archive_write_data(zip_.get(), bytes.data(), bytes.size()) < 0) check(ARCHIVE_FATAL);
  }

  void close() {
    check(archive_write_close(zip_.get()));
    file_->sync();
    file_->close();
  }

 private:
  struct Free {
    void operator()(archive* zip) const { archive_write_free(zip); }
  };

  // Called from C, which exceptions must not cross: check() throws them later.
  static la_ssize_t write(archive*, void* self, const void* bytes, std::size_t count) {
    auto& writer = *static_cast<ZipWriter*>(self);
    try {
      if (!writer.failure_) writer.file_->append({static_cast<const char*>(bytes), count});
    } catch (...) {
      writer.failure_ = std::current_exception();
    }
    return writer.failure_ ? -1 : static_cast<la_ssize_t>(count);
  }

  void check(int code) {
    if (failure_) std::rethrow_exception(failure_);
    if (code >= ARCHIVE_WARN) return;
    throw Error(ExitCode::internal, fmt::format("writing a zip: {}", archive_error_string(zip_.get())));
  }

  std::unique_ptr<WritableFile> file_;
  std::exception_ptr failure_;
  std::unique_ptr<archive, Free> zip_;  // declared last, so freed first: freeing may still write
};

void write_zip(const Dataset& set, const fs::path& path) {
  ZipWriter zip(path);
  nlohmann::ordered_json labels = nullptr, attributes = nullptr, captions = nullptr, groups = nullptr;
  std::map<std::string, std::size_t> numbers;  // of groups: their names, those of patients perhaps, stay here
  const auto width = static_cast<std::ptrdiff_t>(set.attribute_names.size());
  for (std::int64_t i = 0; i < set.count; ++i) {
    const std::string number = fmt::format("{:08}", i);
    const std::string name = number.substr(0, 5) + "/img" + number + ".png";
    zip.add(name, encode_png(set.image(i)));
    if (!set.labels.empty()) labels.push_back({name, set.labels[static_cast<std::size_t>(i)]});
    if (!set.captions.empty()) captions.push_back({name, set.captions[static_cast<std::size_t>(i)]});
    if (!set.groups.empty())
      groups.push_back(
          {name, numbers.emplace(set.groups[static_cast<std::size_t>(i)], numbers.size() + 1).first->second});
    const auto row = set.attributes.begin() + i * width;
    if (width > 0) attributes.push_back({name, std::vector<float>(row, row + width)});
  }
  // StyleGAN's layout has only one kind of label.
  if (set.labels.empty()) labels.swap(attributes);
  nlohmann::ordered_json json = {{"labels", labels}};
  if (!set.class_names.empty()) json["class_names"] = set.class_names;
  if (!set.attribute_names.empty()) json["attribute_names"] = set.attribute_names;
  if (!attributes.is_null()) json["attributes"] = attributes;
  if (!captions.is_null()) json["captions"] = captions;
  if (!groups.is_null()) json["groups"] = groups;
  if (set.pixel_size) json["pixel_size"] = {set.pixel_size->height, set.pixel_size->width};
  using json_type = nlohmann::ordered_json;
  zip.add("dataset.json", json.dump(-1, ' ', false, json_type::error_handler_t::replace));
  zip.close();
}

}  // namespace

Packed pack_split(const DataOptions& options, Split split, const fs::path& out) {
  const auto source = find_source(options.source);
  const bool has_pairs = source.kind == Source::Kind::glyph_pairs;
  if (has_pairs || options.pairs != "none" || !options.target.empty()) {
    throw usage_error(
        fmt::format("'{}': pairs and second domains cannot be packed", options.source),
        has_pairs
            ? "train with its name: it needs no files"
            : "leave data.pairs at none and data.target empty. A zip or tar of the folder keeps pairs of "
              "files, and data.pairs reads them there as well");
  }
  Packed packed;
  if (source.kind != Source::Kind::synthetic) {
    const auto listing = list_source(source, options, Split::train);
    packed.split = listing.split;
    packed.validation = listing.validation;
    if ((split == Split::test && !packed.split) || (split == Split::validation && !packed.validation)) {
      throw data_error(fmt::format("{}: has no {} images of its own", listing.source,
                                   split == Split::test ? "test" : "validation"),
                       "pack it without --split");
    }
  }
  DataOptions all = options;
  all.holdout = 0;  // the hold-out is taken when the zip is loaded
  const Dataset set = load_dataset(all, split);
  if (!set.is_images()) throw data_error(set.name + ": holds points; only images can be packed");
  packed.images = set.count;
  packed.notes = set.notes;
  replace_atomically(Env::real(), out, [&](const fs::path& temporary) { write_zip(set, temporary); });
  return packed;
}

}  // namespace belamy
