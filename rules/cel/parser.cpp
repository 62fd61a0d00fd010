#include "rules/cel/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace relance::rules::cel {
namespace {

/// Binding strength of a binary operator, 0 for anything else. All of them associate to the left.
int precedence(std::string_view sign) {
  static constexpr std::array<std::pair<std::string_view, int>, 14> kOperators = {{{"||", 1},
                                                                                   {"&&", 2},
                                                                                   {"==", 3},
                                                                                   {"!=", 3},
                                                                                   {"<", 3},
                                                                                   {"<=", 3},
                                                                                   {">", 3},
                                                                                   {">=", 3},
                                                                                   {"in", 3},
                                                                                   {"+", 4},
                                                                                   {"-", 4},
                                                                                   {"*", 5},
                                                                                   {"/", 5},
                                                                                   {"%", 5}}};
  const auto* found =
      std::find_if(kOperators.begin(), kOperators.end(), [&](const auto& entry) { return entry.first == sign; });
  return found == kOperators.end() ? 0 : found->second;
}

/// Every function returns nullopt once a problem is set; the first one stands.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  tl::expected<SyntaxTree, Problem> run() {
    if (current().kind == TokenKind::end) {
      return tl::make_unexpected(Problem{0, "the expression is empty"});
    }
    const auto root = expression();
    if (root && current().kind != TokenKind::end) unexpected("an operator or the end of the expression");
    if (problem_) return tl::make_unexpected(std::move(*problem_));
    tree_.root = *root;
    return std::move(tree_);
  }

 private:
  using Node = std::optional<NodeIndex>;

  const Token& current() const { return tokens_[position_]; }
  const Token& following() const { return tokens_[std::min(position_ + 1, tokens_.size() - 1)]; }
  static bool is(const Token& token, std::string_view sign) {
    return token.kind == TokenKind::punctuation && token.text == sign;
  }
  bool accept(std::string_view sign) {
    if (!is(current(), sign)) return false;
    ++position_;
    return true;
  }
  bool expect(std::string_view sign) {
    if (accept(sign)) return true;
    unexpected(fmt::format("'{}'", sign));
    return false;
  }

  std::nullopt_t fail(std::size_t offset, std::string message) {
    if (!problem_) problem_ = Problem{offset, std::move(message)};
    return std::nullopt;
  }
  std::nullopt_t unexpected(std::string_view wanted) {
    const Token& token = current();
    if (token.kind == TokenKind::end)
      return fail(token.offset, fmt::format("expected {}, but the expression ends", wanted));
    return fail(token.offset, fmt::format("expected {}, got '{}'", wanted, token.text));
  }
  std::nullopt_t too_deep(std::size_t offset) {
    return fail(offset, fmt::format("the expression nests deeper than {} levels; split it", kMaxDepth));
  }

  Node add(SyntaxNode node) {
    for (const NodeIndex child : node.children) node.depth = std::max(node.depth, tree_[child].depth + 1);
    if (node.depth > kMaxDepth) return too_deep(node.offset);
    tree_.nodes.push_back(std::move(node));
    return static_cast<NodeIndex>(tree_.nodes.size() - 1);
  }
  Node add(SyntaxKind kind, std::size_t offset, std::string_view text, std::vector<NodeIndex> children) {
    return add({kind, offset, std::string(text), {}, std::move(children)});
  }
  Node add_literal(std::size_t offset, Value value) {
    return add({SyntaxKind::literal, offset, {}, std::move(value), {}});
  }

  // Expr = ConditionalOr ["?" ConditionalOr ":" Expr]
  Node expression() {
    if (++nesting_ > kMaxDepth) return too_deep(current().offset);
    const Node result = conditional();
    --nesting_;
    return result;
  }

  Node conditional() {
    const Node condition = binary(1);
    const std::size_t offset = current().offset;
    if (!condition || !accept("?")) return condition;
    const Node then = binary(1);
    if (!then || !expect(":")) return std::nullopt;
    const Node otherwise = expression();
    if (!otherwise) return std::nullopt;
    return add(SyntaxKind::operation, offset, "?:", {*condition, *then, *otherwise});
  }

  Node binary(int weakest) {
    Node left = unary();
    while (left) {
      const Token& sign = current();
      const bool is_operator = sign.kind == TokenKind::punctuation || sign.kind == TokenKind::keyword;
      const int strength = is_operator ? precedence(sign.text) : 0;
      if (strength < weakest) return left;
      ++position_;
      const Node right = binary(strength + 1);
      if (!right) return std::nullopt;
      left = join(*left, sign, *right);
    }
    return left;
  }

  /// Chains of && and || become one node, however long: their result does not depend on how they are grouped.
  Node join(NodeIndex left, const Token& sign, NodeIndex right) {
    SyntaxNode& node = tree_.nodes[left];
    const bool is_logical = sign.text == "&&" || sign.text == "||";
    if (is_logical && node.kind == SyntaxKind::operation && node.text == sign.text) {
      node.depth = std::max(node.depth, tree_[right].depth + 1);
      if (node.depth > kMaxDepth) return too_deep(node.offset);
      node.children.push_back(right);
      return left;
    }
    return add(SyntaxKind::operation, sign.offset, sign.text, {left, right});
  }

  // Unary = Member | "!" {"!"} Member | "-" {"-"} Member
  Node unary() {
    const Token& sign = current();
    if (!is(sign, "!") && !is(sign, "-")) return member(false);
    std::vector<std::size_t> offsets;
    while (is(current(), sign.text)) {
      offsets.push_back(current().offset);
      ++position_;
    }
    // The last minus belongs to the number, so that the smallest int can be written.
    const bool is_number = current().kind == TokenKind::whole_number ||
                           (current().kind == TokenKind::literal && current().literal.get<double>() != nullptr);
    const bool is_negative = is(sign, "-") && is_number;
    if (is_negative) offsets.pop_back();
    Node operand = member(is_negative);
    while (operand && !offsets.empty()) {
      operand = add(SyntaxKind::operation, offsets.back(), sign.text, {*operand});
      offsets.pop_back();
    }
    return operand;
  }

  // Member = Primary {"." SELECTOR ["(" [ExprList] ")"] | "[" Expr "]"}
  Node member(bool is_negative) {
    Node operand = primary(is_negative);
    while (operand) {
      const std::size_t offset = current().offset;
      if (accept(".")) {
        operand = selection(*operand, offset);
      } else if (accept("[")) {
        if (is(current(), "?")) return optional_syntax();
        const Node index = expression();
        if (!index || !expect("]")) return std::nullopt;
        operand = add(SyntaxKind::operation, offset, "[]", {*operand, *index});
      } else if (is(current(), "{") && is_name(*operand)) {
        return fail(offset, "protocol buffer messages cannot be built here; write a map such as {\"key\": value}");
      } else {
        return operand;
      }
    }
    return std::nullopt;
  }

  Node selection(NodeIndex operand, std::size_t dot) {
    if (is(current(), "?")) return optional_syntax();
    const Token& name = current();
    const bool is_word = name.kind == TokenKind::identifier || name.kind == TokenKind::reserved;
    if (!is_word && name.kind != TokenKind::quoted_identifier) return unexpected("a field name after '.'");
    ++position_;
    if (!is_word || !is(current(), "(")) {
      SyntaxNode node{SyntaxKind::select, dot, std::string(name.text), {}, {operand}};
      node.is_quoted = !is_word;
      return add(std::move(node));
    }
    std::vector<NodeIndex> children = {operand};
    if (!arguments(children)) return std::nullopt;
    return add(SyntaxKind::method, name.offset, name.text, std::move(children));
  }

  Node primary(bool is_negative) {
    const Token& token = current();
    switch (token.kind) {
      case TokenKind::whole_number:
        return whole_number(is_negative);
      case TokenKind::literal:
        ++position_;
        return add_literal(token.offset, negated(token.literal, is_negative));
      case TokenKind::keyword:
        return keyword();
      case TokenKind::identifier:
        return name(false);
      case TokenKind::reserved:
        return fail(token.offset, fmt::format("'{}' is a reserved word and names no variable or function", token.text));
      case TokenKind::punctuation:
        return punctuation();
      case TokenKind::quoted_identifier:
      case TokenKind::end:
        break;
    }
    return unexpected("a value");
  }

  Node punctuation() {
    const std::size_t offset = current().offset;
    if (accept("(")) {
      const Node inside = expression();
      return inside && expect(")") ? inside : std::nullopt;
    }
    if (accept("[")) return list(offset);
    if (accept("{")) return map(offset);
    if (accept(".")) {
      if (current().kind == TokenKind::identifier) return name(true);
      return unexpected("a name after '.'");
    }
    return unexpected("a value");
  }

  static Value negated(const Value& literal, bool is_negative) {
    const double* number = literal.get<double>();
    return is_negative && number != nullptr ? Value(-*number) : literal;
  }

  Node whole_number(bool is_negative) {
    const Token& token = current();
    ++position_;
    constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
    if (token.magnitude > kLargest + (is_negative ? 1 : 0)) {
      return fail(token.offset, "the number is too large for int; write a 'u' behind it for uint, or '.0' for double");
    }
    // Two's complement: 0 - 2^63 is the smallest int.
    return add_literal(token.offset, static_cast<std::int64_t>(is_negative ? 0 - token.magnitude : token.magnitude));
  }

  Node keyword() {
    const Token& token = current();
    if (token.text == "in") return unexpected("a value");
    ++position_;
    if (token.text == "null") return add_literal(token.offset, Value());
    return add_literal(token.offset, token.text == "true");
  }

  Node name(bool is_rooted) {
    const Token& token = current();
    ++position_;
    SyntaxNode node{SyntaxKind::identifier, token.offset, std::string(token.text), {}, {}};
    node.is_rooted = is_rooted;
    if (is(current(), "(")) {
      node.kind = SyntaxKind::call;
      if (!arguments(node.children)) return std::nullopt;
    }
    return add(std::move(node));
  }

  bool arguments(std::vector<NodeIndex>& into) {
    if (!expect("(")) return false;
    if (accept(")")) return true;
    do {
      const Node argument = expression();
      if (!argument) return false;
      into.push_back(*argument);
    } while (accept(","));
    return expect(")");
  }

  Node list(std::size_t offset) {
    std::vector<NodeIndex> elements;
    while (!is(current(), "]") && !is(current(), ",")) {
      if (is(current(), "?")) return optional_syntax();
      const Node element = expression();
      if (!element) return std::nullopt;
      elements.push_back(*element);
      if (!is(current(), ",") || is(following(), "]")) break;
      ++position_;
    }
    accept(",");
    if (!expect("]")) return std::nullopt;
    return add(SyntaxKind::list, offset, {}, std::move(elements));
  }

  Node map(std::size_t offset) {
    std::vector<NodeIndex> entries;
    while (!is(current(), "}") && !is(current(), ",")) {
      if (is(current(), "?")) return optional_syntax();
      const Node key = expression();
      if (!key || !expect(":")) return std::nullopt;
      const Node value = expression();
      if (!value) return std::nullopt;
      entries.insert(entries.end(), {*key, *value});
      if (!is(current(), ",") || is(following(), "}")) break;
      ++position_;
    }
    accept(",");
    if (!expect("}")) return std::nullopt;
    return add(SyntaxKind::map, offset, {}, std::move(entries));
  }

  Node optional_syntax() {
    return fail(current().offset, "optional syntax ('?') is not supported; test with has() first");
  }

  /// `a` or `a.b.c`: what may stand before the braces of a message.
  bool is_name(NodeIndex index) const {
    const SyntaxNode* node = &tree_[index];
    while (node->kind == SyntaxKind::select) node = &tree_[node->children[0]];
    return node->kind == SyntaxKind::identifier;
  }

  std::vector<Token> tokens_;
  std::size_t position_ = 0;
  int nesting_ = 0;
  SyntaxTree tree_;
  std::optional<Problem> problem_;
};

}  // namespace

tl::expected<SyntaxTree, Problem> parse(std::string_view source) {
  if (source.size() > kMaxLength) {
    return tl::make_unexpected(
        Problem{kMaxLength, fmt::format("the expression is longer than {} octets; split it", kMaxLength)});
  }
  auto tokens = tokenize(source);
  if (!tokens) return tl::make_unexpected(std::move(tokens.error()));
  return Parser(std::move(*tokens)).run();
}

}  // namespace relance::rules::cel
