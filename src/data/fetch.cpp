// Downloads known data sets into the cache, by libcurl.
#include <curl/curl.h>
#include <fmt/format.h>
#include <memory>
#include <mutex>

#include "belamy/error.h"

#include "core/env.h"
#include "core/sha256.h"
#include "data/dataset.h"
#include "data/downloads.h"

namespace belamy {
namespace {

constexpr long kOk = 200, kPartial = 206, kRangeNotSatisfiable = 416;

// Downloads one file into FILE.part. The callbacks are called from C: `failure_` keeps what they throw.
class Transfer {
 public:
  Transfer(const std::string& url, const fs::path& part, const std::string& file,
           const FetchProgress& progress)
      : part_(part), file_(file), progress_(progress), curl_(curl_easy_init(), curl_easy_cleanup) {
    if (!curl_) throw data_error(url + ": libcurl does not start");
    if (Env::real().exists(part)) offset_ = Env::real().size(part);
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_USERAGENT, "belamy");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT, 30L);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);  // a minute without a byte ends the transfer
    set(CURLOPT_LOW_SPEED_TIME, 60L);
    set(CURLOPT_ERRORBUFFER, reason_);
    set(CURLOPT_WRITEFUNCTION, write);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, report);
    set(CURLOPT_XFERINFODATA, this);
    // Not CURLOPT_RESUME_FROM: that fails with a server that sends the whole file instead of the rest.
    if (offset_ > 0) set(CURLOPT_RANGE, fmt::format("{}-", offset_).c_str());
  }

  /// The HTTP status; `reason` says why the transfer ended early, or is empty.
  long run(std::string& reason) {
    const CURLcode code = curl_easy_perform(curl_.get());
    if (failure_) std::rethrow_exception(failure_);
    if (out_) {
      out_->sync();
      out_->close();
    }
    if (code != CURLE_OK) reason = reason_[0] ? reason_ : curl_easy_strerror(code);
    return status();
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(curl_.get(), option, value);
  }

  long status() const {
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  static std::size_t write(char* bytes, std::size_t, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    try {
      transfer.append({bytes, count});
      return count;
    } catch (...) {
      transfer.failure_ = std::current_exception();
      return count == 0 ? 1 : 0;  // any other number than `count` stops libcurl
    }
  }

  void append(std::string_view bytes) {
    const long status = this->status();
    if (status != kOk && status != kPartial) return;  // the body is an error page
    if (!out_) {
      if (status == kOk) offset_ = 0;  // the server sends the whole file, whatever range was asked for
      out_ = Env::real().open(part_, status == kOk ? Env::Mode::truncate : Env::Mode::append);
    }
    out_->append(bytes);
  }

  static int report(void* self, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (!transfer.progress_ || !transfer.out_) return 0;
    try {
      const auto whole = total > 0 ? static_cast<std::uint64_t>(total) + transfer.offset_ : 0;
      transfer.progress_(transfer.file_, static_cast<std::uint64_t>(done) + transfer.offset_, whole);
      return 0;
    } catch (...) {
      transfer.failure_ = std::current_exception();
      return 1;
    }
  }

  fs::path part_;
  std::string file_;
  const FetchProgress& progress_;
  std::unique_ptr<CURL, void (*)(CURL*)> curl_;
  std::unique_ptr<WritableFile> out_;  // opened by the first byte
  std::uint64_t offset_ = 0;           // bytes of the file that came before this transfer
  std::exception_ptr failure_;
  char reason_[CURL_ERROR_SIZE] = "";
};

void fetch_file(const OfficialSet& set, const OfficialFile& file, const fs::path& folder,
                const FetchProgress& progress) {
  Env& env = Env::real();
  const fs::path whole = folder / file.name, part = folder / (file.name + ".part");
  if (env.exists(whole) && sha256_of_file(whole) == file.sha256) return;

  const std::string url = set.base_url + file.name;
  std::string by_hand = "or put these files into " + folder.string() + " by hand:";
  for (const auto& each : set.files) by_hand += " " + each.name;
  std::string reason;
  const long status = Transfer(url, part, file.name, progress).run(reason);
  // 416: the part already has all bytes, and the digest decides.
  if (status != 0 && status != kOk && status != kPartial && status != kRangeNotSatisfiable) {
    throw data_error(fmt::format("{}: the server answers with status {}", url, status),
                     "try again later; the address may have moved, or the server may be down\n  " + by_hand);
  }
  if (!reason.empty()) {
    throw data_error(
        fmt::format("{}: {}", url, reason),
        "check the network and run the same command again; it continues where it stopped\n  " + by_hand);
  }
  const std::string digest = env.exists(part) ? sha256_of_file(part) : sha256_hex("");
  if (digest != file.sha256) {
    if (env.exists(part)) env.remove(part);
    throw data_error(
        fmt::format("{}: SHA-256 is {}, not {}; the file was deleted", url, digest, file.sha256),
        "run the same command again; if this repeats, the file at this address has changed\n  " + by_hand);
  }
  env.rename(part, whole);
  env.sync_folder(folder);
}

const std::vector<std::string> kIdxFiles = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
                                            "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"};

}  // namespace

const std::vector<OfficialSet>& official_sets() {
  static const std::vector<OfficialSet> sets = {
      {"mnist",
       "https://ossci-datasets.s3.amazonaws.com/mnist/",
       {{kIdxFiles[0], "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
        {kIdxFiles[1], "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
        {kIdxFiles[2], "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
        {kIdxFiles[3], "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}}},
      {"fashion-mnist",
       "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
       {{kIdxFiles[0], "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
        {kIdxFiles[1], "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
        {kIdxFiles[2], "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
        {kIdxFiles[3], "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}}}};
  return sets;
}

// Both pytorch-fid and torch-fidelity (there weights-inception-2015-12-05-6726825d.pth) publish this file.
const std::vector<OfficialSet>& official_networks() {
  static const std::vector<OfficialSet> networks = {
      {"inception",
       "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/",
       {{"pt_inception-2015-12-05-6726825d.pth",
         "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"}}}};
  return networks;
}

const OfficialSet* official_set(const std::string& name) {
  for (const auto& set : official_sets()) {
    if (set.name == name) return &set;
  }
  return nullptr;
}

void fetch_files(const OfficialSet& set, const fs::path& folder, const FetchProgress& progress) {
  static std::once_flag started;
  std::call_once(started, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  Env::real().create_folders(folder);
  const auto lock = Env::real().try_lock(folder / ".fetching");
  if (!lock) {
    throw data_error(folder.string() + ": another process is fetching into this folder",
                     "wait for it to end, and run the same command again");
  }
  for (const auto& file : set.files) fetch_file(set, file, folder, progress);
}

void fetch_dataset(const std::string& name, const std::string& base_url, const FetchProgress& progress) {
  std::vector<std::string> fetchable;
  for (const auto& set : official_sets()) fetchable.push_back(set.name);
  const OfficialSet* known = official_set(name);
  const fs::path folder = cache_folder() / "data" / name;
  if (!known) {
    const std::string near = nearest(name, fetchable);
    throw data_error(fmt::format("no address is known for the data set '{}'", name),
                     near.empty()
                         ? fmt::format("choose one of {}, or put the files of other sets into {} by hand",
                                       fmt::join(fetchable, ", "), folder.string())
                         : fmt::format("did you mean '{}'?", near));
  }
  OfficialSet set = *known;
  if (!base_url.empty()) set.base_url = base_url.ends_with('/') ? base_url : base_url + "/";
  fetch_files(set, folder, progress);
}

}  // namespace belamy
