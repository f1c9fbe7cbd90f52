#include "data/pytorch_file.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "belamy/error.h"

#include "core/foreign_text.h"

namespace belamy {
namespace {

// Far more than any network has; a file of a few bytes must take neither all memory nor hours.
constexpr std::size_t kMostValues = 4'000'000;
constexpr std::size_t kMostVisits = 1'000'000;
constexpr std::size_t kLongestKey = 4096, kLongestPrinted = 100;
constexpr std::size_t kMostNameBytes = 64 << 20;
constexpr std::size_t kMostDimensions = 16;
constexpr int kDeepest = 100;

Error damaged(const std::string& what) {
  return data_error("the file is damaged: " + what);
}

// A name of the file, for messages.
std::string printable(std::string_view name) {
  return harmless(std::string(name.substr(0, 2 * kLongestPrinted)), kLongestPrinted);
}

// The bytes from a place on, never beyond their end.
class Reader {
 public:
  explicit Reader(std::string_view bytes, std::size_t at = 0) : bytes_(bytes), at_(at) {}

  std::size_t at() const { return at_; }
  bool ended() const { return at_ >= bytes_.size(); }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - std::min(at_, bytes_.size())) throw damaged("it ends early");
    const auto part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }
  std::uint64_t number(std::size_t count) {
    std::uint64_t value = 0;
    const auto part = take(count);
    for (std::size_t i = 0; i < count; ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(part[i])) << (8 * i);
    return value;
  }
  std::string_view line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) throw damaged("it ends early");
    const auto part = take(end - at_);
    ++at_;
    return part;
  }

 private:
  std::string_view bytes_;
  std::size_t at_;
};

// --- Zip files whose members are not compressed ---

std::map<std::string_view, std::string_view> members_of(std::string_view bytes) {
  const auto end = bytes.rfind("PK\x05\x06");
  if (end == std::string_view::npos) throw damaged("the zip file has no list of its members");
  Reader last(bytes, end + 10);
  std::uint64_t count = last.number(2), begin = (last.number(4), last.number(4));
  // zip64: the place of a record with wider numbers stands right before the end. The values of a tensor may look like one.
  constexpr std::size_t locator = 20;
  if (end >= locator && bytes.substr(end - locator, 4) == "PK\x06\x07") {
    Reader place(bytes, end - locator + 8);
    Reader record(bytes, place.number(8));
    if (record.take(4) != "PK\x06\x06") throw damaged("its list of members");
    record.take(28);
    count = record.number(8);
    record.number(8);
    begin = record.number(8);
  }
  if (count > kMostValues || begin > bytes.size()) throw damaged("its list of members");
  std::map<std::string_view, std::string_view> members;
  Reader list(bytes, begin);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (list.take(4) != "PK\x01\x02") throw damaged("its list of members");
    list.take(6);
    const auto method = list.number(2);
    list.take(8);
    auto packed = list.number(4), size = list.number(4);
    const auto name_length = list.number(2), extra_length = list.number(2), comment_length = list.number(2);
    list.take(8);
    auto place = list.number(4);
    const auto name = list.take(name_length);
    Reader extra(list.take(extra_length));
    list.take(comment_length);
    while (!extra.ended()) {
      const auto kind = extra.number(2);
      Reader field(extra.take(extra.number(2)));
      if (kind != 1) continue;  // zip64
      for (auto* each : {&size, &packed, &place})
        if (*each == 0xffffffff) *each = field.number(8);
    }
    if (method != 0 || packed != size)
      throw data_error(fmt::format("its member '{}' is compressed", printable(name)));
    if (place > bytes.size()) throw damaged(fmt::format("the place of its member '{}'", printable(name)));
    Reader member(bytes, place);
    if (member.take(4) != "PK\x03\x04") throw damaged(fmt::format("its member '{}'", printable(name)));
    member.take(22);
    const auto skipped = member.number(2) + member.number(2);
    member.take(skipped);
    members[name] = member.take(size);
  }
  return members;
}

// --- Pickles ---

struct Object;
using Value = const Object*;

struct Tensor {
  DType dtype = DType::f32;
  std::string_view storage;
  std::uint64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

struct Object {
  enum Kind { none, integer, real, text, list, dictionary, global, storage, tensor, mark } kind = none;
  std::int64_t number = 0;
  std::string_view name;                           // text, "module name" of a global, key of a storage
  DType dtype = DType::f32;                        // of a storage
  std::vector<Object*> items;                      // list, tuple
  std::vector<std::pair<Object*, Object*>> pairs;  // dictionary
  std::unique_ptr<Tensor> made;
};

const std::map<std::string_view, DType>& storage_types() {
  static const std::map<std::string_view, DType> known = {
      {"torch FloatStorage", DType::f32}, {"torch DoubleStorage", DType::f64},
      {"torch HalfStorage", DType::f16},  {"torch BFloat16Storage", DType::bf16},
      {"torch LongStorage", DType::i64},  {"torch IntStorage", DType::i32},
      {"torch ShortStorage", DType::i16}, {"torch CharStorage", DType::i8},
      {"torch ByteStorage", DType::u8},   {"torch BoolStorage", DType::boolean}};
  return known;
}

// The known classes and functions, as "module name"; empty for others.
std::string_view known_global(std::string_view global) {
  static constexpr std::string_view functions[] = {"collections OrderedDict", "torch._utils _rebuild_tensor",
                                                   "torch._utils _rebuild_tensor_v2",
                                                   "torch._utils _rebuild_parameter", "torch Size"};
  for (const auto each : functions)
    if (each == global) return each;
  const auto type = storage_types().find(global);
  return type == storage_types().end() ? std::string_view() : type->first;
}

// All objects of a file. They point at one another, in circles too; their texts are parts of the file.
class Objects {
 public:
  Object* make(Object::Kind kind) {
    all_.emplace_back().kind = kind;
    return &all_.back();
  }
  void count(std::size_t steps) {
    if ((steps_ += steps) > kMostValues) throw damaged("it has too many values");
  }

 private:
  std::deque<Object> all_;
  std::size_t steps_ = 0;
};

// Runs the operations of one pickle, as far as tensors and dictionaries need them.
class Pickle {
 public:
  Pickle(Reader& reader, Objects& objects) : in_(reader), objects_(objects) {}

  Value run() {
    while (true) {
      const auto code = static_cast<unsigned char>(in_.take(1)[0]);
      if (code == '.') return pop();
      objects_.count(1);
      step(code);
    }
  }

 private:
  Object* make(Object::Kind kind) { return objects_.make(kind); }
  void push(Object* value) { stack_.push_back(value); }
  void push_number(std::int64_t number) {
    push(make(Object::integer));
    stack_.back()->number = number;
  }
  void push_text(std::string_view text) {
    push(make(Object::text));
    stack_.back()->name = text;
  }
  Object* pop() {
    if (stack_.empty()) throw damaged("a value is missing");
    auto* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  Object* top() {
    if (stack_.empty()) throw damaged("a value is missing");
    return stack_.back();
  }
  // All above the last mark, without it.
  std::vector<Object*> to_mark() {
    auto at = stack_.size();
    while (at > 0 && stack_[at - 1]->kind != Object::mark) --at;
    if (at == 0) throw damaged("a mark is missing");
    std::vector<Object*> values(stack_.begin() + static_cast<std::ptrdiff_t>(at), stack_.end());
    stack_.resize(at - 1);
    return values;
  }
  void push_list(const std::vector<Object*>& items) {
    objects_.count(items.size());
    push(make(Object::list));
    stack_.back()->items = items;
  }
  void remember(std::uint64_t place) { memo_[place] = top(); }
  void recall(std::uint64_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) throw damaged("a value is named that is not there");
    push(found->second);
  }
  void put(const std::vector<Object*>& values) {
    if (top()->kind != Object::dictionary || values.size() % 2 != 0) throw damaged("a dictionary");
    for (std::size_t i = 0; i < values.size(); i += 2) top()->pairs.emplace_back(values[i], values[i + 1]);
  }
  void append(const std::vector<Object*>& values) {
    if (top()->kind != Object::list) throw damaged("a list");
    top()->items.insert(top()->items.end(), values.begin(), values.end());
  }
  void push_global(std::string_view module, std::string_view name) {
    const auto known = known_global(fmt::format("{} {}", module, name));
    if (known.empty())
      throw data_error(fmt::format("it holds an object of Python, '{}.{}', and not only tensors",
                                   printable(module), printable(name)),
                       "in Python, save the tensors alone: torch.save(model.state_dict(), \"F.pth\")");
    push(make(Object::global));
    stack_.back()->name = known;
  }

  static const std::vector<Object*>& items_of(const Value& value) {
    if (value->kind != Object::list) throw damaged("a list is missing");
    return value->items;
  }
  static std::vector<std::int64_t> numbers_of(const Value& value) {
    std::vector<std::int64_t> numbers;
    for (const auto& each : items_of(value)) {
      if (each->kind != Object::integer || each->number < 0) throw damaged("the size of a tensor");
      numbers.push_back(each->number);
    }
    if (numbers.size() > kMostDimensions) throw damaged("the size of a tensor");
    return numbers;
  }

  // ('storage', type, key, device, count[, view])
  void load_storage() {
    const auto& items = items_of(pop());
    if (items.size() < 5 || items[0]->name != "storage" || items[1]->kind != Object::global ||
        items[2]->kind != Object::text)
      throw damaged("a storage");
    const auto type = storage_types().find(items[1]->name);
    if (type == storage_types().end()) throw damaged("the type of a storage");
    if (items.size() > 5 && items[5]->kind != Object::none)
      throw data_error("it holds views of storages, as PyTorch wrote them before 0.4",
                       "save it again with a later PyTorch");
    auto* storage = make(Object::storage);
    storage->name = items[2]->name;
    storage->dtype = type->second;
    push(storage);
  }

  void reduce() {
    const auto& arguments = items_of(pop());
    const auto* function = pop();
    if (function->kind != Object::global) throw damaged("a call");
    const auto& name = function->name;
    if (name == "collections OrderedDict") {
      auto* made = make(Object::dictionary);
      if (!arguments.empty()) {
        objects_.count(items_of(arguments[0]).size());
        for (const auto& pair : items_of(arguments[0])) {
          if (items_of(pair).size() != 2) throw damaged("a dictionary");
          made->pairs.emplace_back(pair->items[0], pair->items[1]);
        }
      }
      return push(made);
    }
    if (name == "torch Size")
      return push_list(arguments.empty() ? std::vector<Object*>() : items_of(arguments[0]));
    if (name == "torch._utils _rebuild_parameter") {
      if (arguments.empty()) throw damaged("a parameter");
      return push(arguments[0]);
    }
    if (name == "torch._utils _rebuild_tensor" || name == "torch._utils _rebuild_tensor_v2") {
      if (arguments.size() < 4 || arguments[0]->kind != Object::storage ||
          arguments[1]->kind != Object::integer || arguments[1]->number < 0)
        throw damaged("a tensor");
      auto* made = make(Object::tensor);
      made->made = std::make_unique<Tensor>(Tensor{arguments[0]->dtype, arguments[0]->name,
                                                   static_cast<std::uint64_t>(arguments[1]->number),
                                                   numbers_of(arguments[2]), numbers_of(arguments[3])});
      if (made->made->shape.size() != made->made->strides.size()) throw damaged("the strides of a tensor");
      return push(made);
    }
    throw damaged(fmt::format("a call of {}", name));
  }

  void step(unsigned char code) {
    switch (code) {
      case 0x80: in_.take(1); break;  // protocol
      case 0x95: in_.take(8); break;  // frame
      case '}': push(make(Object::dictionary)); break;
      case ']':
      case ')': push_list({}); break;
      case '(': push(make(Object::mark)); break;
      case '0': pop(); break;
      case 'N': push(make(Object::none)); break;
      case 0x88: push_number(1); break;  // true
      case 0x89: push_number(0); break;  // false
      case 'K': push_number(static_cast<std::int64_t>(in_.number(1))); break;
      case 'M': push_number(static_cast<std::int64_t>(in_.number(2))); break;
      case 'J': push_number(static_cast<std::int32_t>(in_.number(4))); break;
      case 0x8a: {  // a long number of up to 255 bytes
        const auto bytes = in_.take(in_.number(1));
        Reader low(bytes);
        push_number(bytes.size() <= 8 ? static_cast<std::int64_t>(low.number(bytes.size())) : -1);
        break;
      }
      case 'G':
        in_.take(8);
        push(make(Object::real));
        break;
      case 'X':
      case 'T':
      case 'B': push_text(in_.take(in_.number(4))); break;
      case 0x8c:
      case 'U':
      case 'C': push_text(in_.take(in_.number(1))); break;
      case 'q': remember(in_.number(1)); break;
      case 'r': remember(in_.number(4)); break;
      case 0x94: remember(memo_.size()); break;
      case 'h': recall(in_.number(1)); break;
      case 'j': recall(in_.number(4)); break;
      case 'c': {
        const auto module = in_.line();
        push_global(module, in_.line());
        break;
      }
      case 0x93: {
        const auto *name = pop(), *module = pop();
        push_global(module->name, name->name);
        break;
      }
      case 't': push_list(to_mark()); break;
      case 'l': push_list(to_mark()); break;
      case 0x85:
      case 0x86:
      case 0x87: {
        std::vector<Object*> items(code - 0x84u);
        for (auto each = items.rbegin(); each != items.rend(); ++each) *each = pop();
        push_list(items);
        break;
      }
      case 'd': {
        const auto values = to_mark();
        push(make(Object::dictionary));
        put(values);
        break;
      }
      case 's': {
        auto *value = pop(), *key = pop();
        put({key, value});
        break;
      }
      case 'u': {
        const auto values = to_mark();
        put(values);
        break;
      }
      case 'a': {
        auto* value = pop();
        append({value});
        break;
      }
      case 'e': {
        const auto values = to_mark();
        append(values);
        break;
      }
      case 'Q': load_storage(); break;
      case 'R': reduce(); break;
      case 'b': pop(); break;  // the attributes of a dictionary, such as its versions
      default:
        throw data_error(
            fmt::format("it uses operation 0x{:02x} of pickles, which tensors do not need", code),
            "in Python, save the tensors alone: torch.save(model.state_dict(), \"F.pth\")");
    }
  }

  Reader& in_;
  Objects& objects_;
  std::vector<Object*> stack_;
  std::map<std::uint64_t, Object*> memo_;
};

// --- Tensors ---

// Whether the values stand in the storage as they stand in the tensor.
bool in_order(const Tensor& tensor) {
  std::int64_t step = 1;
  for (std::size_t i = tensor.shape.size(); i-- > 0; step *= tensor.shape[i])
    if (tensor.shape[i] != 1 && tensor.strides[i] != step) return false;
  return true;
}

// The tensor's values in order, from the bytes of its storage.
std::string values_of(const Tensor& tensor, std::string_view storage, const std::string& name,
                      std::uint64_t& budget) {
  const auto item = item_size(tensor.dtype);
  const auto larger = [&] {
    return damaged(fmt::format("tensor '{}' is larger than its storage", printable(name)));
  };
  const std::uint64_t held = storage.size() / item;
  std::uint64_t bytes = item, last = tensor.offset, way = 0;  // `last`: the place of the last value
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    const auto size = static_cast<std::uint64_t>(tensor.shape[i]),
               stride = static_cast<std::uint64_t>(tensor.strides[i]);
    if (__builtin_mul_overflow(bytes, size, &bytes)) throw larger();
    if (size > 0 &&
        (__builtin_mul_overflow(size - 1, stride, &way) || __builtin_add_overflow(last, way, &last)))
      throw larger();
  }
  if (bytes == 0) return "";
  if (last >= held) throw larger();
  // Views may repeat values, but not without end.
  if (bytes > budget) throw damaged(fmt::format("tensor '{}' repeats its values too often", printable(name)));
  budget -= bytes;
  const auto count = bytes / item;
  if (in_order(tensor)) return std::string(storage.substr(tensor.offset * item, bytes));
  std::string values;
  values.reserve(bytes);
  std::vector<std::int64_t> at(tensor.shape.size(), 0);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t place = tensor.offset;
    for (std::size_t k = 0; k < at.size(); ++k)
      place += static_cast<std::uint64_t>(at[k] * tensor.strides[k]);
    values.append(storage.substr(place * item, item));
    for (std::size_t k = at.size(); k-- > 0;) {
      if (++at[k] < tensor.shape[k]) break;
      at[k] = 0;
    }
  }
  return values;
}

using Storages = std::map<std::string_view, std::string_view>;

// The tensors below a value, by name.
class Collection {
 public:
  Collection(const Storages& storages, std::uint64_t budget) : storages_(storages), budget_(budget) {}

  void add(Value value, const std::string& name, int depth = 0) {
    if (depth > kDeepest || ++visits_ > kMostVisits) throw damaged("its dictionaries hold one another");
    if (value->kind == Object::tensor) {
      const auto storage = storages_.find(value->made->storage);
      if (storage == storages_.end())
        throw damaged(fmt::format("the storage of tensor '{}' is missing", printable(name)));
      if ((name_bytes_ += name.size()) > kMostNameBytes) throw damaged("its names are too long");
      found[name] = {*value->made, values_of(*value->made, storage->second, name, budget_)};
    } else if (value->kind == Object::dictionary) {
      for (const auto& [key, each] : value->pairs) {
        if (each->kind != Object::tensor && each->kind != Object::dictionary) continue;
        if (key->kind != Object::text && key->kind != Object::integer) continue;
        const auto part = key->kind == Object::text ? std::string(key->name) : std::to_string(key->number);
        if (name.size() + part.size() > kLongestKey) throw damaged("its names are too long");
        add(each, name.empty() ? part : name + "." + part, depth + 1);
      }
    }
  }

  std::map<std::string, std::pair<Tensor, std::string>> found;

 private:
  const Storages& storages_;
  std::uint64_t budget_;
  std::size_t visits_ = 0, name_bytes_ = 0;
};

Value read_zip(std::string_view bytes, Storages& storages, Objects& objects) {
  const auto members = members_of(bytes);
  std::optional<std::string> folder;
  for (const auto& [name, content] : members) {
    if (name.ends_with("/data.pkl"))
      folder = std::string(name.substr(0, name.size() - std::strlen("data.pkl")));
    if (name.ends_with("/byteorder") && content == "big") throw data_error("its numbers are big-endian");
  }
  if (!folder) throw data_error("this zip file was not written by torch.save: it has no data.pkl");
  const auto data = *folder + "data/";
  for (const auto& [name, content] : members)
    if (name.starts_with(data)) storages[name.substr(data.size())] = content;
  Reader reader(members.at(*folder + "data.pkl"));
  return Pickle(reader, objects).run();
}

// Pickles one after another: a magic number, a version, facts of the machine, the value, the keys of its storages; then
// these: each the number of its values (64 bits) and the values.
Value read_pickles(std::string_view bytes, Storages& storages, Objects& objects) {
  std::map<std::string_view, DType> types;
  Reader reader(bytes);
  for (int i = 0; i < 3; ++i) Pickle(reader, objects).run();
  const auto* value = Pickle(reader, objects).run();
  const auto* keys = Pickle(reader, objects).run();
  std::vector<Value> open = {value};
  for (std::set<Value> seen = {value}; !open.empty();) {
    const auto* each = open.back();
    open.pop_back();
    if (each->kind == Object::tensor) types[each->made->storage] = each->made->dtype;
    for (const auto& [key, inner] : each->pairs)
      if (seen.insert(inner).second) open.push_back(inner);
  }
  if (keys->kind != Object::list) throw damaged("the list of its storages");
  for (const auto* key : keys->items) {
    const auto count = reader.number(8);
    const auto type = types.find(key->name);
    if (type == types.end())
      throw data_error(fmt::format("nothing tells the type of storage '{}'", printable(key->name)));
    if (count > bytes.size()) throw damaged("a storage");
    storages[key->name] = reader.take(count * item_size(type->second));
  }
  return value;
}

}  // namespace

bool is_pytorch_file(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("\x80\x02\x8a\x0a\x6c\xfc");
}

Safetensors read_pytorch_file(std::string_view bytes, const std::string& name) {
  try {
    Storages storages;
    Objects objects;
    const auto* value =
        bytes.starts_with("PK") ? read_zip(bytes, storages, objects) : read_pickles(bytes, storages, objects);
    Collection tensors(storages, 16 * bytes.size());
    tensors.add(value, "");
    const auto& found = tensors.found;
    if (found.empty()) throw data_error("it holds no dictionary of tensors");
    ArrayMap arrays;
    for (const auto& [key, each] : found)
      arrays[key] = {each.first.dtype, each.first.shape, each.second.data(), each.second.size()};
    return copy_arrays(arrays);
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) throw;
    throw data_error(fmt::format("'{}': {}", name, error.what()));
  }
}

}  // namespace belamy
