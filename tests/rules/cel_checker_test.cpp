// What a condition is refused for when it is loaded, and what the checker knows of it.

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/rules/cel_support.h"

using namespace cel_test;

namespace {

Variables engine_variables() {
  Variables variables;
  variables.add("lead", cel::Value(cel::Map{}), cel::VariableType::map_string_dyn)
      .add("now", cel::Value(cel::Timestamp{}), cel::VariableType::timestamp)
      .add("count", cel::Value(std::int64_t{0}), cel::VariableType::integer)
      .add("name", cel::Value("n"), cel::VariableType::string)
      .add("known", cel::Value(true), cel::VariableType::boolean)
      .add("any", cel::Value());
  return variables;
}

std::string errors(std::string_view text) { return compile_errors(text, engine_variables()); }

}  // namespace

TEST_CASE("an unknown name is refused with the nearest known one") {
  CHECK(errors("laed.size == 'smb'") == "1:1: unknown variable 'laed'; did you mean 'lead'?");
  CHECK(errors("zebra") == "1:1: unknown variable 'zebra'; known are any, count, known, lead, name, now");
  CHECK(errors("siez(name)") == "1:1: unknown function 'siez'; did you mean 'size'?");
  CHECK(errors("name.startWith('a')") == "1:6: unknown method 'startWith'; did you mean 'startsWith'?");
  CHECK(errors("size > 1") == "1:1: unknown variable 'size'; 'size' is a function, to be called as size(...)");
  CHECK(errors("[1].map(x, y)").find("1:12: unknown variable 'y'; known are ") == 0);
  CHECK(compile_errors("x") == "1:1: unknown variable 'x'; none is known here");
}

TEST_CASE("operators refuse kinds that they never take") {
  CHECK(errors("1 + 'a'") == "1:3: there is no '+' for int and string; convert one side, for example with string()");
  CHECK(errors("1 + 1.0") ==
        "1:3: there is no '+' for int and double; convert one side with int(), uint() or double()");
  CHECK(errors("1.5 % 2.0") == "1:5: there is no '%' for double and double");
  CHECK(errors("-known") == "1:1: there is no '-' for bool");
  CHECK(errors("-1u") == "1:1: there is no '-' for uint");
  CHECK(errors("!count") == "1:1: there is no '!' for int");
  CHECK(errors("now + now").find("1:5: there is no '+' for google.protobuf.Timestamp") == 0);
  CHECK(errors("count && known") == "1:1: '&&' combines conditions (bool), but one side is int");
  CHECK(errors("name ? 1 : 2") == "1:6: before '?' stands a condition (bool), but got string");
}

TEST_CASE("comparisons refuse kinds that are never equal or have no order") {
  CHECK(errors("count == 'a'") ==
        "1:7: '==' cannot compare int with string; convert one side, for example with string()");
  CHECK(errors("now > '2026-01-01'").find("write timestamp(...) around the text") != std::string::npos);
  CHECK(errors("name == null") == "1:6: '==' cannot compare string with null_type");
  CHECK(errors("[1] < [2]") == "1:5: '<' cannot compare list(int) with list(int)");
  CHECK(errors("null < null") == "1:6: '<' cannot compare null_type with null_type");
  CHECK(errors("1 in 2") == "1:3: behind 'in' stands a list or a map, but got int");
  CHECK(errors("'a' in [1]") == "1:5: string is never in a list(int)");
  CHECK(errors("1 in {'a': 1}") == "1:3: int is never in a map(string, int)");
}

TEST_CASE("numbers of different kinds compare without a conversion") {
  CHECK(errors("1 == 1.0 && 1 < 1.5 && 1u >= 1 && 1.0 in [1, 2] && {1: 2}[1u] == 2u").empty());
}

TEST_CASE("what is dyn is left to the evaluation") {
  CHECK(errors("any + 1 > lead.score && any.x.y in any && any[0] == any['a']").empty());
  CHECK(errors("any.startsWith('a') || any.getHours() > 1 || size(any) == 1").empty());
  CHECK(errors("dyn(1) == 'a' && dyn('a') < 1").empty());
  CHECK(errors("[1, 'a'][0] == 'a'").empty());
  CHECK(errors("(known ? 1 : 'a') == 'a'").empty());
}

TEST_CASE("calls refuse the wrong number and the wrong kinds of arguments") {
  CHECK(errors("size(1)").find("1:1: there is no size(int); there is size(string), string.size(), ") == 0);
  CHECK(errors("name.startsWith()") == "1:6: there is no string.startsWith(); there is string.startsWith(string)");
  CHECK(errors("name.startsWith(1)") == "1:6: there is no string.startsWith(int); there is string.startsWith(string)");
  CHECK(errors("contains(name, 'a')") == "1:1: there is no contains(string, string); there is string.contains(string)");
  CHECK(errors("now.getHours(1)").find("1:5: there is no google.protobuf.Timestamp.getHours(int)") == 0);
  CHECK(errors("duration('1s').getMonth()").find("1:16: there is no google.protobuf.Duration.getMonth()") == 0);
  CHECK(errors("bool(1)").find("1:1: there is no bool(int)") == 0);
}

TEST_CASE("selection and indexing refuse what has no parts") {
  CHECK(errors("count.size") == "1:6: int has no fields, so it has no 'size'; only maps do");
  CHECK(errors("name[0]") == "1:5: string has no elements; only lists and maps do");
  CHECK(errors("[1]['a']") == "1:4: a list is indexed by int, but got string");
  CHECK(errors("{'a': 1}[1]") == "1:9: the keys of this map are string, but the index is int");
}

TEST_CASE("macros refuse arguments that they cannot run with") {
  CHECK(errors("has(lead)") == "1:1: has() takes the selection of a field, such as has(lead.phone)");
  CHECK(errors("has(lead['a'])").find("1:1: has() takes") == 0);
  CHECK(errors("has(count.a)").find("1:10: int has no fields") == 0);
  CHECK(errors("[1].all(x)") == "1:5: all takes a name and a condition, such as all(x, ...)");
  CHECK(errors("[1].all(x.y, true)") == "1:10: the first argument of all is a plain name for the element");
  CHECK(errors("[1].exists(x, x)") == "1:15: exists takes a condition (bool), but got int");
  CHECK(errors("[1].map(x, x, x)") == "1:12: map takes a condition (bool), but got int");
  CHECK(errors("name.filter(x, true)") == "1:6: filter runs over a list or the keys of a map, but got string");
  CHECK(errors("['a'].map(x, x + 1)").find("1:16: there is no '+' for string and int") == 0);
  CHECK(errors("{'a': 1}.all(k, k > 1)").find("1:19: '>' cannot compare string with int") == 0);
}

TEST_CASE("a constant regular expression is compiled when the condition is loaded") {
  CHECK(errors("name.matches('a(')").find("1:14: the regular expression is not valid RE2: ") == 0);
  CHECK(errors("matches(name, '(?!a)')").find("1:15: the regular expression is not valid RE2: ") == 0);
  CHECK(errors("name.matches('^a+$')").empty());
}

TEST_CASE("all findings are reported in the order of the text, with line and column") {
  CHECK(errors("known &&\n  nam == 'é' + 1 &&\n  count") ==
        "2:3: unknown variable 'nam'; did you mean 'name'?\n"
        "2:14: there is no '+' for string and int; convert one side, for example with string()\n"
        "3:3: '&&' combines conditions (bool), but one side is int");
}

TEST_CASE("a condition tells whether its result may be a bool") {
  const auto may_be_bool = [](std::string_view text) {
    return cel::Expression::compile(text, engine_variables().declared)->may_be_bool();
  };
  CHECK(may_be_bool("lead.size == 'smb'"));
  CHECK(may_be_bool("lead.vip"));
  CHECK(may_be_bool("any"));
  CHECK(may_be_bool("[true][0]"));
  CHECK_FALSE(may_be_bool("count + 1"));
  CHECK_FALSE(may_be_bool("name"));
  CHECK_FALSE(may_be_bool("[true]"));
}

TEST_CASE("a condition tells which fields of a variable it reads") {
  const auto variables = engine_variables();
  const auto expression = cel::Expression::compile(
      "lead.size == 'smb' && has(lead.phone) && lead['e-mail'] == any.size && lead.size != 'x' && lead.a.b",
      variables.declared);
  REQUIRE(expression.has_value());
  CHECK(expression->fields_of("lead") == std::vector<std::string>{"size", "phone", "e-mail", "a"});
  CHECK(expression->fields_of("any") == std::vector<std::string>{"size"});
  CHECK(expression->fields_of("now").empty());
  CHECK(expression->text().substr(0, 9) == "lead.size");
}
