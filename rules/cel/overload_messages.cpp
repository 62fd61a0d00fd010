#include "rules/cel/overload_messages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/cel/suggestion.h"

namespace relance::rules::cel {
namespace {

/// "size(list)", "string.startsWith(string)".
std::string form(const CallShape& call) {
  if (call.style != CallStyle::method) return fmt::format("{}({})", call.name, fmt::join(call.arguments, ", "));
  const std::vector<std::string> others(call.arguments.begin() + 1, call.arguments.end());
  return fmt::format("{}.{}({})", call.arguments.front(), call.name, fmt::join(others, ", "));
}

std::string form(const Overload& overload) {
  CallShape call{overload.name, overload.style, {}};
  for (std::size_t i = 0; i < overload.arity; ++i) call.arguments.emplace_back(name_of(overload.arguments.at(i)));
  return form(call);
}

std::string unknown(const CallShape& call) {
  std::vector<std::string> known;
  for (const Overload& overload : overloads()) {
    if (overload.style == call.style) known.emplace_back(overload.name);
  }
  const bool is_method = call.style == CallStyle::method;
  if (is_method) {
    known.insert(known.end(), {"all", "exists", "exists_one", "filter", "map"});
  } else {
    known.emplace_back("has");
  }
  const auto nearest = nearest_name(call.name, known);
  return fmt::format("unknown {} '{}'{}", is_method ? "method" : "function", call.name,
                     nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
}

}  // namespace

std::string no_overload_message(const CallShape& call, Kind first, Kind second) {
  if (call.style == CallStyle::operation) {
    return fmt::format("there is no '{}' for {}{}", call.name, fmt::join(call.arguments, " and "),
                       conversion_hint(first, second));
  }
  std::vector<std::string> forms;
  for (const Overload& overload : overloads()) {
    if (overload.name == call.name && overload.style != CallStyle::operation) forms.push_back(form(overload));
  }
  if (forms.empty()) return unknown(call);
  return fmt::format("there is no {}; there is {}", form(call), fmt::join(forms, ", "));
}

std::string_view conversion_hint(Kind a, Kind b) {
  const auto are = [&](Kind x, Kind y) { return (a == x && b == y) || (a == y && b == x); };
  if (a == b) return "";
  if (is_number(a) && is_number(b)) return "; convert one side with int(), uint() or double()";
  if (are(Kind::string, Kind::timestamp)) return "; write timestamp(...) around the text";
  if (are(Kind::string, Kind::duration)) return "; write duration(...) around the text";
  const bool has_text = a == Kind::string || b == Kind::string;
  if (has_text && (is_number(a) || is_number(b))) return "; convert one side, for example with string()";
  return "";
}

}  // namespace relance::rules::cel
