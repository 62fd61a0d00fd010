#include "rules/cel/functions.h"

#include <algorithm>

namespace relance::rules::cel {
namespace {

void add_arithmetic(std::vector<Overload>& table) {
  constexpr auto kStyle = CallStyle::operation;
  const auto same = [&](std::string_view sign, Function function, Kind kind) {
    table.push_back({sign, kStyle, function, kind, 2, {kind, kind}});
  };
  for (const Kind kind : {Kind::integer, Kind::uinteger, Kind::real}) {
    same("+", Function::add, kind);
    same("-", Function::subtract, kind);
    same("*", Function::multiply, kind);
    same("/", Function::divide, kind);
    if (kind != Kind::real) same("%", Function::modulo, kind);
  }
  for (const Kind kind : {Kind::string, Kind::bytes, Kind::list, Kind::duration}) same("+", Function::add, kind);
  table.push_back({"+", kStyle, Function::add, Kind::timestamp, 2, {Kind::timestamp, Kind::duration}});
  table.push_back({"+", kStyle, Function::add, Kind::timestamp, 2, {Kind::duration, Kind::timestamp}});
  same("-", Function::subtract, Kind::duration);
  table.push_back({"-", kStyle, Function::subtract, Kind::duration, 2, {Kind::timestamp, Kind::timestamp}});
  table.push_back({"-", kStyle, Function::subtract, Kind::timestamp, 2, {Kind::timestamp, Kind::duration}});
  table.push_back({"-", kStyle, Function::negate, Kind::integer, 1, {Kind::integer}});
  table.push_back({"-", kStyle, Function::negate, Kind::real, 1, {Kind::real}});
  table.push_back({"!", kStyle, Function::logical_not, Kind::boolean, 1, {Kind::boolean}});
}

void add_texts(std::vector<Overload>& table) {
  for (const Kind kind : {Kind::string, Kind::bytes, Kind::list, Kind::map}) {
    table.push_back({"size", CallStyle::function, Function::size, Kind::integer, 1, {kind}});
    table.push_back({"size", CallStyle::method, Function::size, Kind::integer, 1, {kind}});
  }
  const auto test = [&](std::string_view name, CallStyle style, Function function) {
    table.push_back({name, style, function, Kind::boolean, 2, {Kind::string, Kind::string}});
  };
  test("contains", CallStyle::method, Function::contains);
  test("startsWith", CallStyle::method, Function::starts_with);
  test("endsWith", CallStyle::method, Function::ends_with);
  test("matches", CallStyle::method, Function::matches);
  test("matches", CallStyle::function, Function::matches);
}

void add_conversions(std::vector<Overload>& table) {
  const auto convert = [&](std::string_view name, Function function, Kind result, std::initializer_list<Kind> from) {
    for (const Kind kind : from) table.push_back({name, CallStyle::function, function, result, 1, {kind}});
  };
  convert("bool", Function::to_bool, Kind::boolean, {Kind::boolean, Kind::string});
  convert("bytes", Function::to_bytes, Kind::bytes, {Kind::bytes, Kind::string});
  convert("double", Function::to_double, Kind::real, {Kind::real, Kind::integer, Kind::uinteger, Kind::string});
  convert("duration", Function::to_duration, Kind::duration, {Kind::duration, Kind::string});
  convert("dyn", Function::to_dyn, Kind::dyn, {Kind::dyn});
  convert("int", Function::to_int, Kind::integer,
          {Kind::integer, Kind::uinteger, Kind::real, Kind::string, Kind::timestamp});
  convert("string", Function::to_string, Kind::string,
          {Kind::string, Kind::boolean, Kind::integer, Kind::uinteger, Kind::real, Kind::bytes, Kind::timestamp,
           Kind::duration});
  convert("timestamp", Function::to_timestamp, Kind::timestamp, {Kind::timestamp, Kind::string, Kind::integer});
  convert("type", Function::to_type, Kind::type, {Kind::dyn});
  convert("uint", Function::to_uint, Kind::uinteger, {Kind::uinteger, Kind::integer, Kind::real, Kind::string});
}

void add_accessors(std::vector<Overload>& table) {
  const auto accessor = [&](std::string_view name, Function function) {
    table.push_back({name, CallStyle::method, function, Kind::integer, 1, {Kind::timestamp}});
    table.push_back({name, CallStyle::method, function, Kind::integer, 2, {Kind::timestamp, Kind::string}});
  };
  accessor("getDate", Function::get_date);
  accessor("getDayOfMonth", Function::get_day_of_month);
  accessor("getDayOfWeek", Function::get_day_of_week);
  accessor("getDayOfYear", Function::get_day_of_year);
  accessor("getFullYear", Function::get_full_year);
  accessor("getMonth", Function::get_month);
  const auto also_of_durations = [&](std::string_view name, Function function) {
    accessor(name, function);
    table.push_back({name, CallStyle::method, function, Kind::integer, 1, {Kind::duration}});
  };
  also_of_durations("getHours", Function::get_hours);
  also_of_durations("getMilliseconds", Function::get_milliseconds);
  also_of_durations("getMinutes", Function::get_minutes);
  also_of_durations("getSeconds", Function::get_seconds);
}

}  // namespace

const std::vector<Overload>& overloads() {
  static const std::vector<Overload> kTable = [] {
    std::vector<Overload> table;
    add_arithmetic(table);
    add_texts(table);
    add_conversions(table);
    add_accessors(table);
    return table;
  }();
  return kTable;
}

std::string_view name_of(Function function) {
  const auto& table = overloads();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Overload& overload) { return overload.function == function; });
  return found == table.end() ? std::string_view("?") : found->name;
}

}  // namespace relance::rules::cel
