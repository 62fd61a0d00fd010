#pragma once
// The types the checker reasons with: those of values, lists and maps with parameters, and dyn for what is known only
// when evaluated. Source: CEL language definition, "Gradual Type Checking".
// A type is a small number into a table that interns its parts, so equal types are equal numbers.

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "rules/cel/expression.h"

namespace relance::rules::cel {

enum class Kind : std::uint8_t {
  dyn,
  null,
  boolean,
  integer,
  uinteger,
  real,
  string,
  bytes,
  timestamp,
  duration,
  type,
  list,
  map
};

/// As CEL names it: "int", "google.protobuf.Timestamp", ...
const char* name_of(Kind kind);
/// The kind of a value when evaluated; never dyn.
Kind kind_of(const Value& value);
constexpr bool is_number(Kind kind) { return kind == Kind::integer || kind == Kind::uinteger || kind == Kind::real; }
/// Whether < and its kin are defined among values of that kind.
constexpr bool is_ordered(Kind kind) {
  return kind != Kind::null && kind != Kind::type && kind != Kind::list && kind != Kind::map;
}

enum class StaticType : std::uint32_t {};
/// A type without parameters; list and map are those of dyn.
constexpr StaticType simple(Kind kind) { return static_cast<StaticType>(kind); }

class TypeTable {
 public:
  TypeTable();

  StaticType list_of(StaticType element);
  StaticType map_of(StaticType key, StaticType value);
  StaticType of(VariableType type);

  Kind kind(StaticType type) const { return entries_[static_cast<std::size_t>(type)].kind; }
  /// Of a list its elements, of a map its keys; dyn of anything else.
  StaticType element(StaticType type) const { return entries_[static_cast<std::size_t>(type)].first; }
  StaticType mapped(StaticType type) const { return entries_[static_cast<std::size_t>(type)].second; }
  /// The most precise type of which values of both types are.
  StaticType join(StaticType a, StaticType b);
  /// "list(int)", for messages.
  std::string text(StaticType type) const;

 private:
  struct Entry {
    Kind kind = Kind::dyn;
    StaticType first = simple(Kind::dyn);
    StaticType second = simple(Kind::dyn);
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  StaticType intern(Entry entry);
  std::vector<Entry> entries_;
  std::map<Entry, StaticType> numbers_;
};

}  // namespace relance::rules::cel
