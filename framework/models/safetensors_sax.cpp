#include "framework/models/safetensors_sax.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "framework/base/error.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

constexpr std::size_t kLongestName = 4096, kMostAxes = 64;

// Where in the header we are: {"__metadata__": {metadata}, "name": {tensor: shape [..], data_offsets [..]}}.
enum class Place { outside, file, metadata, tensor, shape, offsets };

class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::string& file) : file_(file) {}
  std::vector<StoredTensor> take() { return std::move(tensors_); }

  bool null() override { refuse("null"); }
  bool boolean(bool) override { refuse("true or false"); }
  bool number_float(number_float_t, const string_t& text) override {
    refuse("the number " + printable(text, 24));
  }
  bool number_integer(number_integer_t value) override { refuse(fmt::format("the number {}", value)); }
  bool binary(binary_t&) override { refuse("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::offsets) return take_offset(value);
    if (place_ != Place::shape || value > std::numeric_limits<std::int64_t>::max())
      refuse(fmt::format("the number {}", value));
    if (tensor_.info.shape.size() == kMostAxes)
      refuse(fmt::format("a shape of more than {} axes", kMostAxes));
    tensor_.info.shape.push_back(static_cast<std::int64_t>(value));
    return true;
  }

  bool string(string_t& text) override {
    if (place_ == Place::metadata) return true;
    if (place_ != Place::tensor || field_ != "dtype")
      refuse(fmt::format("the text \"{}\"", printable(text, 24)));
    const auto dtype = dtype_named(text);
    if (!dtype) {
      fail("safetensors.dtype", fmt::format("{}: {}: {} where BF16/F16/F32 is expected", file_,
                                            printable(tensor_.info.name), printable(text, 24)));
    }
    tensor_.info.dtype = *dtype;
    return true;
  }

  bool key(string_t& name) override {
    if (place_ == Place::tensor) begin_field(name);
    if (place_ == Place::file) begin_entry(name);
    return true;
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::outside) return enter(Place::file);
    if (place_ == Place::file) return enter(in_metadata_ ? Place::metadata : Place::tensor);
    refuse("an object");
  }

  bool end_object() override {
    if (place_ == Place::tensor) finish_tensor();
    return enter(place_ == Place::file ? Place::outside : Place::file);
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::tensor && field_ == "shape") return enter(Place::shape);
    if (place_ == Place::tensor && field_ == "data_offsets") return enter(Place::offsets);
    refuse("a list");
  }

  bool end_array() override { return enter(Place::tensor); }

  bool parse_error(std::size_t byte, const std::string&, const nlohmann::json::exception& e) override {
    fail("safetensors.json",
         fmt::format("{}: byte {} of the header: {}", file_, byte, json_complaint(e.what())));
  }

 private:
  bool enter(Place place) {
    place_ = place;
    return true;
  }

  void begin_entry(const std::string& name) {
    if (name.size() > kLongestName) bad(fmt::format("a tensor name of {} bytes", name.size()));
    in_metadata_ = name == "__metadata__";
    if (in_metadata_ && std::exchange(seen_metadata_, true)) bad("__metadata__ appears twice");
    tensor_ = {.info = {.name = name}};
    field_.clear();
    seen_dtype_ = seen_shape_ = seen_offsets_ = false;
    num_offsets_ = 0;
  }

  void begin_field(const std::string& name) {
    bool* seen = name == "dtype"          ? &seen_dtype_
                 : name == "shape"        ? &seen_shape_
                 : name == "data_offsets" ? &seen_offsets_
                                          : nullptr;
    if (seen == nullptr) in_tensor(fmt::format("unknown field \"{}\"", printable(name, 24)));
    if (std::exchange(*seen, true)) in_tensor(fmt::format("{} is given twice", name));
    field_ = name;
  }

  bool take_offset(std::uint64_t value) {
    if (num_offsets_ == 2) in_tensor("data_offsets has more than two numbers");
    (num_offsets_++ == 0 ? tensor_.begin : tensor_.end) = value;
    return true;
  }

  void finish_tensor() {
    if (!seen_dtype_ || !seen_shape_ || !seen_offsets_)
      in_tensor("dtype, shape and data_offsets are required");
    if (num_offsets_ != 2) in_tensor("data_offsets must be two numbers");
    tensors_.push_back(std::move(tensor_));
  }

  [[noreturn]] void refuse(const std::string& what) const {
    if (place_ == Place::outside) bad(what + " where an object is expected");
    if (place_ == Place::metadata) bad("__metadata__: " + what + " where a text is expected");
    if (place_ == Place::file)
      bad(printable(tensor_.info.name) + ": " + what + " where an object is expected");
    in_tensor(fmt::format("{}: {} is not allowed there", field_, what));
  }
  [[noreturn]] void in_tensor(const std::string& what) const {
    bad(printable(tensor_.info.name) + ": " + what);
  }
  [[noreturn]] void bad(const std::string& what) const { fail("safetensors.json", file_ + ": " + what); }

  const std::string& file_;
  std::vector<StoredTensor> tensors_;
  Place place_ = Place::outside;
  StoredTensor tensor_;  // being read
  std::string field_;    // of it
  int num_offsets_ = 0;
  bool in_metadata_ = false, seen_metadata_ = false;
  bool seen_dtype_ = false, seen_shape_ = false, seen_offsets_ = false;
};

}  // namespace

std::vector<StoredTensor> read_safetensors_json(std::string_view json, const std::string& file) {
  if (!json.starts_with('{')) fail("safetensors.json", file + ": the header does not begin with {");
  // nlohmann takes a zero byte for the end, and would let anything stand behind it.
  if (const auto zero = json.find('\0'); zero != json.npos) {
    fail("safetensors.json", fmt::format("{}: byte {} of the header is zero", file, zero + 1));
  }
  HeaderReader reader(file);
  (void)nlohmann::json::sax_parse(json, &reader);  // every error throws
  return reader.take();
}

}  // namespace lethe::models
