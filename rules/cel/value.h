#pragma once
// The value of a CEL expression, and of every attribute of a lead and every field of an event's data.
// Ownership: a value owns what it holds; lists and maps are immutable and shared between copies, so copying is cheap.
// Threads: immutable values may be read from any thread. Source: CEL language definition, "Values".

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace relance::rules::cel {

struct Null {
  friend bool operator==(Null, Null) = default;
};
struct Bytes {
  std::string octets;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};
/// google.protobuf.Timestamp: years 0001 to 9999, nanoseconds 0 to 999'999'999 also before the epoch.
struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};
/// Nanoseconds of a google.protobuf.Duration, split: both parts have the same sign.
struct TimeSpan {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  friend auto operator<=>(const TimeSpan&, const TimeSpan&) = default;
};
struct Type {
  std::string name;  // "int", "google.protobuf.Timestamp", ...
  friend bool operator==(const Type&, const Type&) = default;
};

class Value;
using List = std::vector<Value>;
/// In insertion order; keys are bool, int, uint or string, unique by CEL equality. Small: looked up by scanning.
using Map = std::vector<std::pair<Value, Value>>;

class Value {
 public:
  using Storage = std::variant<Null, bool, std::int64_t, std::uint64_t, double, std::string, Bytes, Timestamp, TimeSpan,
                               Type, std::shared_ptr<const List>, std::shared_ptr<const Map>>;

  Value() = default;
  Value(bool v) : storage_(v) {}
  Value(std::int64_t v) : storage_(v) {}
  Value(std::uint64_t v) : storage_(v) {}
  Value(double v) : storage_(v) {}
  Value(std::string v) : storage_(std::move(v)) {}
  Value(std::string_view v) : storage_(std::string(v)) {}
  Value(const char* v) : storage_(std::string(v)) {}
  Value(Bytes v) : storage_(std::move(v)) {}
  Value(Timestamp v) : storage_(v) {}
  Value(TimeSpan v) : storage_(v) {}
  Value(Type v) : storage_(std::move(v)) {}
  Value(List v) : storage_(std::make_shared<const List>(std::move(v))) {}
  Value(Map v) : storage_(std::make_shared<const Map>(std::move(v))) {}

  const Storage& storage() const { return storage_; }
  template <class T>
  const T* get() const {
    return std::get_if<T>(&storage_);
  }
  const List* list() const {
    const auto* p = std::get_if<std::shared_ptr<const List>>(&storage_);
    return p ? p->get() : nullptr;
  }
  const Map* map() const {
    const auto* p = std::get_if<std::shared_ptr<const Map>>(&storage_);
    return p ? p->get() : nullptr;
  }
  const std::string* string() const { return std::get_if<std::string>(&storage_); }
  bool is_null() const { return std::holds_alternative<Null>(storage_); }

  /// The value under a string key of a map; nullptr when this is no map or has no such key.
  const Value* find(std::string_view key) const;

 private:
  Storage storage_;
};

/// CEL equality: numbers compare across int, uint and double; NaN equals nothing; different kinds are unequal.
bool equal(const Value& a, const Value& b);

}  // namespace relance::rules::cel
