#include "rules/yaml_reader.h"

#include <doctest/doctest.h>

#include <string>

namespace relance::rules {
namespace {

YamlNode read(std::string_view text) {
  auto node = read_yaml(text);
  REQUIRE_MESSAGE(node, node.error().front().text);
  return std::move(*node);
}

/// The rules of all problems, joined; "" when the text is accepted.
std::string rules_of(std::string_view text) {
  const auto node = read_yaml(text);
  if (node) return "";
  std::string rules;
  for (const YamlProblem& problem : node.error()) rules += (rules.empty() ? "" : " ") + problem.rule;
  return rules;
}

std::string place(const TextPosition& position) {
  return std::to_string(position.line) + ":" + std::to_string(position.column);
}

std::string first_place(std::string_view text) {
  const auto node = read_yaml(text);
  return node ? "" : place(node.error().front().position);
}

TEST_CASE("every key and value knows its line and column") {
  const YamlNode root = read("a: 1\nbé: [x,\n  'y']\nc:\n  - d: |\n      text\n");
  REQUIRE(root.entries.size() == 3);
  CHECK(place(root.entries[0].position) == "1:1");
  CHECK(place(root.entries[0].value.position) == "1:4");
  CHECK(place(root.entries[1].value.position) == "2:5");
  CHECK(place(root.entries[1].value.items[1].position) == "3:3");
  const YamlNode& item = root.entries[2].value.items[0];
  CHECK(place(item.entries[0].position) == "5:5");
  CHECK(place(item.entries[0].value.position) == "5:8");
  CHECK(item.entries[0].value.text == "text\n");
}

TEST_CASE("no scalar is interpreted") {
  const YamlNode root = read("[010, no, 1e3, 0x1F, 2026-05-01, 09:00, true, .nan, \"5\", 'it''s', \"\\u00e9\"]");
  std::vector<std::string> texts;
  for (const YamlNode& item : root.items) {
    CHECK(item.is_scalar());
    texts.push_back(item.text);
  }
  CHECK(texts ==
        std::vector<std::string>{"010", "no", "1e3", "0x1F", "2026-05-01", "09:00", "true", ".nan", "5", "it's", "é"});
}

TEST_CASE("quoted, plain and block scalars are told apart") {
  const YamlNode root = read("- a\n- 'a'\n- \"a\"\n- |\n  a\n- >-\n  a\n");
  using Style = YamlNode::Style;
  CHECK(root.items[0].style == Style::plain);
  CHECK(root.items[1].style == Style::single_quoted);
  CHECK(root.items[2].style == Style::double_quoted);
  CHECK(root.items[3].style == Style::block);
  CHECK(root.items[4].style == Style::block);
}

TEST_CASE("an absent value is a null that stands where it was left out") {
  const YamlNode root = read("a:\nb:   # nothing\n\n\nnull_: ~\nc: [ , null]\nd:\n  -\n  - x\n");
  CHECK(place(root.find("a")->position) == "1:1");
  CHECK(place(root.find("b")->position) == "2:1");
  CHECK(root.find("b")->text == "");
  CHECK(root.find("null_")->text == "~");
  CHECK(place(root.find("null_")->position) == "5:8");
  CHECK(root.find("c")->items[1].text == "null");
  CHECK(place(root.find("d")->items[0].position) == "8:3");
  CHECK(root.find("d")->items[0].kind == YamlNode::Kind::null);
}

TEST_CASE("JSON is read as YAML") {
  const YamlNode root = read("{\"a\":{\"b\":[1,\"x\\\"\\\\\\/\\n\",{}]},\"c\":\"\"}");
  CHECK(root.find("a")->find("b")->items[1].text == "x\"\\/\n");
  CHECK(root.find("a")->find("b")->items[2].is_map());
  CHECK(root.find("c")->is_scalar());
}

TEST_CASE("duplicate keys, anchors, aliases and tags are all reported") {
  CHECK(rules_of("a: 1\na: 2\n") == "duplicate-key");
  CHECK(rules_of("a: 1\n'a': 2\nb: {c: 1, c: 2}\n") == "duplicate-key duplicate-key");
  CHECK(rules_of("a: &x 1\nb: *x\nc: !!str d\ne: ! f\n") == "anchor alias tag tag");
  CHECK(rules_of("a: *unknown\n") == "alias");
  CHECK(rules_of("a: &x [1]\n") == "anchor");
  CHECK(rules_of("a: !x {b: 1}\n") == "tag");
  CHECK(rules_of("*a : b\n") == "alias");
  CHECK(rules_of("&a b: c\n") == "anchor");
}

TEST_CASE("a key that is no text is refused") {
  CHECK(rules_of("? [a]\n: b\n") == "key-type");
  CHECK(rules_of("? {a: b}\n: b\n") == "key-type");
  CHECK(rules_of(": b\n") == "key-type");
  CHECK(rules_of("~: b\n") == "key-type");
  CHECK(rules_of("{a: 1, : 2}\n") == "key-type");
  CHECK(rules_of("[{[a]: 1}]\n") == "key-type");
}

TEST_CASE("exactly one document is read") {
  CHECK(rules_of("") == "empty-document");
  CHECK(rules_of("\n# only a comment\n") == "empty-document");
  CHECK(rules_of("---\n...\n") == "empty-document");
  CHECK(rules_of("~") == "empty-document");
  CHECK(rules_of("--- {a: 1}\n--- {a: 1}\n") == "several-documents");
  CHECK(rules_of("a: 1\n---\n") == "several-documents");
  CHECK(rules_of("[a]\nb: 1\n") == "syntax");
  CHECK(rules_of("--- {a: 1}\n...\n") == "");
  CHECK(rules_of("%YAML 1.2\n---\na: 1\n") == "");
}

TEST_CASE("size is bounded before anything is parsed") {
  constexpr std::size_t limit = 1024 * 1024;
  CHECK(rules_of("a: '" + std::string(limit - 5, 'x') + "'") == "");
  CHECK(rules_of("a: '" + std::string(limit - 4, 'x') + "'") == "too-large");
  CHECK(read_yaml("abc", {.max_bytes = 3}).has_value());
  CHECK_FALSE(read_yaml("abcd", {.max_bytes = 3}).has_value());
}

std::string nested(int levels, std::string_view open, std::string_view close) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += open;
  text += "x";
  for (int i = 0; i < levels; ++i) text += close;
  return text;
}

TEST_CASE("depth is bounded to 32 levels in every style") {
  CHECK(rules_of(nested(32, "[", "]")) == "");
  CHECK(rules_of(nested(33, "[", "]")) == "too-deep");
  CHECK(rules_of(nested(32, "{a: ", "}")) == "");
  CHECK(rules_of(nested(33, "{a: ", "}")) == "too-deep");
  CHECK(rules_of(nested(32, "- ", "")) == "");
  CHECK(rules_of(nested(33, "- ", "")) == "too-deep");
}

TEST_CASE("a megabyte of brackets, dashes or question marks is refused, not recursed into") {
  constexpr int many = 500'000;
  CHECK(rules_of(std::string(many, '[')) == "too-deep");
  CHECK(rules_of(std::string(many, '{')) == "too-deep");
  CHECK(rules_of(nested(many, "- ", "")) == "too-deep");
  CHECK(rules_of(nested(many, "? ", "")) == "key-type");
  CHECK(rules_of(nested(many / 2, "[{", "")) == "too-deep");
}

TEST_CASE("bytes that are no printable UTF-8 are refused where they stand") {
  using namespace std::string_literals;
  CHECK(rules_of("a: \xFF\n") == "encoding");
  CHECK(first_place("a: 1\nbé: \xFF\n") == "2:5");
  CHECK(rules_of("a: b\0c\n"s) == "encoding");
  CHECK(rules_of("\0\0\0a"s) == "encoding");  // UTF-32, says yaml-cpp
  CHECK(rules_of("\xFF\xFE\x61\x00"s) == "encoding");
  CHECK(rules_of("a: 1\n\x04"
                 "b: 2\n") == "encoding");  // the end of the file, says yaml-cpp
  CHECK(rules_of("a: \x1B[31m\n") == "encoding");
  CHECK(rules_of("a: \x7F\n") == "encoding");
  CHECK(rules_of("a: \xC2\x9B\n") == "encoding");
  CHECK(rules_of("a: \xEF\xBB\xBF\n") == "encoding");
  CHECK(rules_of("a: 1\rb: 2\r") == "encoding");
  CHECK(rules_of("a: 1\r\nb: \t2\r\n") == "");
}

TEST_CASE("a quoted text must be closed") {
  CHECK(rules_of("a: \"b\n") == "syntax");
  CHECK(rules_of("a: 'b\n") == "syntax");
  CHECK(rules_of("a: 'b''\n") == "syntax");
  CHECK(rules_of("a: \"b\\\"\n") == "syntax");
  CHECK(rules_of("a: 'b'''\n") == "");
  CHECK(rules_of("a: \"b\\\\\"\n") == "");
  CHECK(rules_of("a: \"b\"\nc: it's\n") == "");
}

TEST_CASE("broken YAML says where") {
  CHECK(rules_of("a: [1\n") == "syntax");
  CHECK(rules_of("a: b: c\n") == "syntax");
  CHECK(first_place("a: 1\nb: c: d\n") == "2:5");
  CHECK(rules_of("a: 1\n\t- b\n") == "syntax");
  CHECK(rules_of("a: ]\n") == "syntax");
  CHECK(rules_of("a: \"\\ud83d\\ude00\"\n") == "syntax");
}

TEST_CASE("problems are bounded and in the order of the text") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "k: v\n";
  const auto node = read_yaml(text);
  REQUIRE_FALSE(node);
  CHECK(node.error().size() == kMaxYamlProblems);
  for (std::size_t i = 1; i < node.error().size(); ++i) {
    CHECK(node.error()[i - 1].position.offset <= node.error()[i].position.offset);
  }
}

}  // namespace
}  // namespace relance::rules
