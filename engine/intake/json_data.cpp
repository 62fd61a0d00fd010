#include "engine/intake/json_data.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "engine/intake/name_set.h"

namespace relance::engine {

namespace {

namespace cel = rules::cel;
namespace dom = simdjson::dom;

constexpr std::size_t kFirstCapacity = 16 * 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// JSON allows integers of any size, simdjson only those of 64 bits. Written with a fraction they are doubles, which is
/// what the language makes of them. nullopt when there is no such integer.
std::optional<std::string> with_fractions_on_large_integers(std::string_view json) {
  std::string out;
  std::size_t copied = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (is_digit(c)) {
      const std::size_t first = i;
      while (i < json.size() && is_digit(json[i])) ++i;
      const bool whole = i == json.size() || (json[i] != '.' && json[i] != 'e' && json[i] != 'E');
      const bool fraction_or_exponent =
          first > 0 && json[first - 1] != '-' &&
          (json[first - 1] == '.' || json[first - 1] == 'e' || json[first - 1] == 'E' || json[first - 1] == '+');
      // 19 digits may fit; as many with a fraction would lose digits that an int keeps, so only what cannot fit
      // changes.
      const bool negative = first > 0 && json[first - 1] == '-';
      const std::string_view digits = json.substr(first, i - first);
      const std::string_view most = negative ? "9223372036854775808" : "18446744073709551615";
      const bool large = digits.size() > most.size() || (digits.size() == most.size() && digits > most);
      if (whole && large && !fraction_or_exponent) {
        out.append(json.substr(copied, i - copied)).append(".0");
        copied = i;
      }
      --i;
    }
  }
  if (out.empty()) return std::nullopt;
  return out.append(json.substr(copied));
}

Unusable problem_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return {"invalid_utf8", "expected UTF-8 text, got octets that are none"};
    case simdjson::DEPTH_ERROR:
      return {"too_deep", "expected at most " + std::to_string(kMaxJsonDepth) + " levels of nesting, got more"};
    case simdjson::NUMBER_ERROR:
      return {"invalid_number", "expected JSON numbers within the range of a double, got another one"};
    case simdjson::EMPTY:
      return {"not_json", "expected a JSON object, got nothing"};
    case simdjson::STRING_ERROR:
    case simdjson::UNCLOSED_STRING:
    case simdjson::UNESCAPED_CHARS:
      return {"not_json",
              "expected JSON strings, got one that is not closed, escapes what does not exist, or holds a raw control "
              "character"};
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
      return {"not_json", "expected JSON, got a word that is neither in quotes nor true, false or null"};
    default:  // of the library's words, which change with its versions, none
      return {"not_json",
              "expected JSON, got text that is none: a comma, a colon, a bracket or a value is missing, or "
              "one too many"};
  }
}

/// Builds values in the place where they stay: moving a variant costs more than reading the JSON.
class Converter {
 public:
  explicit Converter(std::size_t depth) : depth_(depth) {}

  /// Appends the value, behind `key` if there is one; false on the first problem, which `problem` then tells.
  template <class Container, class... Key>
  bool append(dom::element element, Container& out, Key... key) {
    switch (element.type()) {
      case dom::element_type::OBJECT:
        return append_object(dom::object(element), out, key...);
      case dom::element_type::ARRAY:
        return append_array(dom::array(element), out, key...);
      case dom::element_type::STRING:
        out.emplace_back(key..., std::string_view(element));
        return true;
      case dom::element_type::INT64:
        out.emplace_back(key..., std::int64_t(element));
        return true;
      case dom::element_type::UINT64:
        out.emplace_back(key..., std::uint64_t(element));
        return true;
      case dom::element_type::DOUBLE:
        out.emplace_back(key..., double(element));
        return true;
      case dom::element_type::BOOL:
        out.emplace_back(key..., bool(element));
        return true;
      default:
        out.emplace_back(key..., cel::Value());
        return true;
    }
  }

  Unusable problem;

 private:
  bool fail(std::string code, std::string message) {
    problem = {std::move(code), std::move(message)};
    return false;
  }

  bool enter() {
    if (++depth_ <= kMaxJsonDepth) return true;
    problem = problem_of(simdjson::DEPTH_ERROR);
    return false;
  }

  template <class Container, class... Key>
  bool append_object(dom::object object, Container& out, Key... key) {
    if (!enter()) return false;
    const std::size_t size = object.size();
    keys_ += size;
    if (keys_ > kMaxJsonKeys) {
      return fail("too_many_values", "expected at most " + std::to_string(kMaxJsonKeys) + " keys, got more");
    }
    cel::Map entries;
    entries.reserve(size);
    NameSet names;
    for (const auto field : object) {
      if (!names.add(field.key)) return fail("duplicate_key", "expected every key once, got one twice");
      if (!append(field.value, entries, field.key)) return false;
    }
    out.emplace_back(key..., std::move(entries));
    --depth_;
    return true;
  }

  template <class Container, class... Key>
  bool append_array(dom::array array, Container& out, Key... key) {
    if (!enter()) return false;
    cel::List items;
    for (const dom::element item : array) {
      if (++items_ > kMaxJsonItems) {
        return fail("too_many_values", "expected at most " + std::to_string(kMaxJsonItems) + " list items, got more");
      }
      if (!append(item, items)) return false;
    }
    out.emplace_back(key..., std::move(items));
    --depth_;
    return true;
  }

  std::size_t depth_;
  std::size_t keys_ = 0;
  std::size_t items_ = 0;
};

/// The place of a single value, for Converter.
struct Slot {
  cel::Value value;
  template <class T>
  void emplace_back(T&& from) {
    value = cel::Value(std::forward<T>(from));
  }
};

}  // namespace

void JsonParser::reserve(std::size_t bytes) {
  if (bytes <= capacity_ && capacity_ != 0) return;
  std::size_t capacity = std::max(capacity_, kFirstCapacity);
  while (capacity < bytes) capacity *= 2;
  padded_.resize(capacity + simdjson::SIMDJSON_PADDING);
  // A little deeper than allowed: to_value counts exactly, whatever a version of simdjson takes the limit to mean.
  if (parser_.allocate(capacity, kMaxJsonDepth + 8) != simdjson::SUCCESS) throw std::bad_alloc();
  capacity_ = capacity;
}

tl::expected<dom::element, Unusable> JsonParser::parse(std::string_view json) {
  // Newer versions of simdjson skip a byte order mark, older ones do not: say the same everywhere.
  if (json.starts_with("\xEF\xBB\xBF")) return unusable("not_json", "expected JSON, got a byte order mark before it");
  reserve(json.size() + 1);
  if (!json.empty()) std::memcpy(padded_.data(), json.data(), json.size());
  dom::element root;
  auto error = parser_.parse(padded_.data(), json.size(), false).get(root);
  // The code for an integer over 64 bits differs between versions of simdjson, so any error but this one may be it.
  if (error && error != simdjson::UTF8_ERROR) {
    if (const auto rewritten = with_fractions_on_large_integers(json)) {
      reserve(rewritten->size() + 1);
      std::memcpy(padded_.data(), rewritten->data(), rewritten->size());
      error = parser_.parse(padded_.data(), rewritten->size(), false).get(root);
    }
  }
  if (error) return tl::unexpected(problem_of(error));
  return root;
}

tl::expected<cel::Value, Unusable> to_value(dom::element element, std::size_t depth) {
  Converter converter(depth);
  Slot out;
  if (!converter.append(element, out)) return tl::unexpected(std::move(converter.problem));
  return std::move(out.value);
}

}  // namespace relance::engine
