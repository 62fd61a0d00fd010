#include "rules/cel/static_type.h"

#include <fmt/format.h>

#include <array>
#include <type_traits>

namespace relance::rules::cel {
namespace {

constexpr std::array<const char*, 13> kNames = {"dyn",
                                                "null_type",
                                                "bool",
                                                "int",
                                                "uint",
                                                "double",
                                                "string",
                                                "bytes",
                                                "google.protobuf.Timestamp",
                                                "google.protobuf.Duration",
                                                "type",
                                                "list",
                                                "map"};

}  // namespace

const char* name_of(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

// The alternatives of a value's storage are the kinds in the same order, after dyn.
Kind kind_of(const Value& value) { return static_cast<Kind>(value.storage().index() + 1); }
static_assert(std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(Kind::integer) - 1, Value::Storage>,
                             std::int64_t>);
static_assert(
    std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(Kind::duration) - 1, Value::Storage>, TimeSpan>);
static_assert(std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(Kind::map) - 1, Value::Storage>,
                             std::shared_ptr<const Map>>);

TypeTable::TypeTable() {
  for (std::size_t i = 0; i < kNames.size(); ++i) intern({static_cast<Kind>(i)});
}

StaticType TypeTable::intern(Entry entry) {
  const auto [position, is_new] = numbers_.try_emplace(entry, static_cast<StaticType>(entries_.size()));
  if (is_new) entries_.push_back(entry);
  return position->second;
}

StaticType TypeTable::list_of(StaticType element) { return intern({Kind::list, element, simple(Kind::dyn)}); }

StaticType TypeTable::map_of(StaticType key, StaticType value) { return intern({Kind::map, key, value}); }

StaticType TypeTable::of(VariableType type) {
  switch (type) {
    case VariableType::dyn:
      return simple(Kind::dyn);
    case VariableType::boolean:
      return simple(Kind::boolean);
    case VariableType::integer:
      return simple(Kind::integer);
    case VariableType::string:
      return simple(Kind::string);
    case VariableType::timestamp:
      return simple(Kind::timestamp);
    case VariableType::map_string_dyn:
      return map_of(simple(Kind::string), simple(Kind::dyn));
  }
  return simple(Kind::dyn);
}

StaticType TypeTable::join(StaticType a, StaticType b) {
  if (a == b) return a;
  if (kind(a) != kind(b)) return simple(Kind::dyn);
  if (kind(a) == Kind::list) return list_of(join(element(a), element(b)));
  if (kind(a) == Kind::map) return map_of(join(element(a), element(b)), join(mapped(a), mapped(b)));
  return simple(Kind::dyn);
}

std::string TypeTable::text(StaticType type) const {
  if (kind(type) == Kind::list) return fmt::format("list({})", text(element(type)));
  if (kind(type) == Kind::map) return fmt::format("map({}, {})", text(element(type)), text(mapped(type)));
  return name_of(kind(type));
}

}  // namespace relance::rules::cel
