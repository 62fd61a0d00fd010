#include "engine/check/facts.h"

#include <algorithm>
#include <string_view>

#include "rules/cel/parser.h"
#include "rules/loader_keys.h"

namespace relance::engine {

namespace cel = rules::cel;
using cel::NodeIndex;
using cel::SyntaxKind;
using cel::SyntaxNode;
using cel::Value;

namespace {

constexpr std::size_t kMostLiterals = 12;  // of one fact; beyond that it is open

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// What the conditions compare one fact with, before its values are made of it.
struct Observed {
  Fact::Of of = Fact::Of::lead;
  std::string name;
  std::vector<Value> literals;  // of the value itself
  std::vector<Value> elements;  // of its elements: it is a list
  bool is_bool = false;
  bool closed = true;
};

class Collector {
 public:
  void add(const rules::Condition& condition) {
    const auto known = [&](const ConditionUse& use) {
      return use.condition->expression.text() == condition.expression.text();
    };
    if (std::any_of(uses_.begin(), uses_.end(), known)) return;
    auto parsed = cel::parse(condition.expression.text());
    uses_.push_back({&condition, {}, false, false, !parsed.has_value()});
    if (!parsed) return;
    tree_ = &*parsed;
    bool_operand(tree_->root);
    tree_ = nullptr;
  }

  /// Contact hours depend on the country, whatever conditions say.
  void add_countries(const rules::Form& form) {
    if (!form.contact_hours) return;
    for (const auto& [country, hours] : form.contact_hours->of_countries) {
      by_country_ = true;
      const auto known = [](const Observed& fact) { return fact.of == Fact::Of::lead && fact.name == "country"; };
      auto fact = std::find_if(observed_.begin(), observed_.end(), known);
      if (fact == observed_.end()) {
        observed_.push_back({Fact::Of::lead, "country", {}, {}, false, true});
        fact = observed_.end() - 1;
      }
      note(fact->literals, Value(country));
    }
  }

  bool by_country() const { return by_country_; }
  std::vector<Observed>& observed() { return observed_; }
  std::vector<ConditionUse>& uses() { return uses_; }

 private:
  const SyntaxNode& node(NodeIndex index) const { return (*tree_)[index]; }
  bool is_identifier(NodeIndex index, std::string_view name) const {
    return node(index).kind == SyntaxKind::identifier && node(index).text == name;
  }

  /// `lead.size`, `lead["size"]`, `event.path`; nullptr when it is something else.
  Observed* field(NodeIndex index) {
    const SyntaxNode& at = node(index);
    std::string_view name;
    if (at.kind == SyntaxKind::select) {
      name = at.text;
    } else if (at.kind == SyntaxKind::operation && at.text == "[]" &&
               node(at.children[1]).kind == SyntaxKind::literal && node(at.children[1]).value.string()) {
      name = *node(at.children[1]).value.string();
    } else {
      return nullptr;
    }
    const NodeIndex of = at.children[0];
    if (!is_identifier(of, "lead") && !is_identifier(of, "event")) return nullptr;
    return &observe(is_identifier(of, "lead") ? Fact::Of::lead : Fact::Of::event, name);
  }

  Observed& observe(Fact::Of of, std::string_view name) {
    auto found = std::find_if(observed_.begin(), observed_.end(),
                              [&](const Observed& known) { return known.of == of && known.name == name; });
    if (found == observed_.end()) {
      observed_.push_back({of, std::string(name), {}, {}, false, true});
      found = observed_.end() - 1;
    }
    const auto place = static_cast<std::size_t>(found - observed_.begin());
    std::vector<std::size_t>& facts = uses_.back().facts;
    if (std::find(facts.begin(), facts.end(), place) == facts.end()) facts.push_back(place);
    return *found;
  }

  std::optional<Value> literal(NodeIndex index) const {
    const SyntaxNode& at = node(index);
    if (at.kind == SyntaxKind::literal) return at.value;
    if (at.kind != SyntaxKind::operation || at.text != "-" || at.children.size() != 1) return std::nullopt;
    const auto positive = literal(at.children[0]);
    if (!positive) return std::nullopt;
    if (const auto* number = positive->get<std::int64_t>()) return Value(-*number);
    if (const auto* number = positive->get<double>()) return Value(-*number);
    return std::nullopt;
  }

  std::optional<std::vector<Value>> literals(NodeIndex index) const {
    if (node(index).kind != SyntaxKind::list) return std::nullopt;
    std::vector<Value> all;
    for (const NodeIndex child : node(index).children) {
      const auto value = literal(child);
      if (!value) return std::nullopt;
      all.push_back(*value);
    }
    return all;
  }

  static void note(std::vector<Value>& known, const Value& value) {
    const auto same = [&](const Value& other) { return cel::equal(other, value); };
    if (std::none_of(known.begin(), known.end(), same)) known.push_back(value);
  }

  /// An expression that must be true or false.
  void bool_operand(NodeIndex index) {
    const SyntaxNode& at = node(index);
    if (Observed* fact = field(index)) {
      fact->is_bool = true;
    } else if (at.kind == SyntaxKind::literal) {
      return;
    } else if (at.kind == SyntaxKind::operation && is_one_of(at.text, {"&&", "||", "!", "?:"})) {
      for (const NodeIndex child : at.children) bool_operand(child);
    } else if (at.kind == SyntaxKind::operation && is_one_of(at.text, {"==", "!=", "<", "<=", ">", ">=", "in"})) {
      comparison(at);
    } else if (at.kind == SyntaxKind::call && at.text == "has" && at.children.size() == 1 && field(at.children[0])) {
      return;  // present or absent: every fact can be both
    } else if (at.kind == SyntaxKind::method && method(at)) {
      return;
    } else {
      open(index);
    }
  }

  void comparison(const SyntaxNode& at) {
    const NodeIndex left = at.children[0];
    const NodeIndex right = at.children[1];
    if (at.text == "in") {
      const auto list = literals(right);
      const auto element = literal(left);
      if (Observed* fact = list ? field(left) : nullptr) {
        for (const Value& value : *list) note(fact->literals, value);
        return;
      }
      if (Observed* fact = element ? field(right) : nullptr) return note(fact->elements, *element);
    } else {
      for (const auto& [one, other] : {std::pair(left, right), std::pair(right, left)}) {
        const auto value = literal(other);
        Observed* fact = value ? field(one) : nullptr;
        if (!fact) continue;
        note(fact->literals, *value);
        // How texts sort among others is more than "this one or another".
        if (value->string() && !is_one_of(at.text, {"==", "!="})) fact->closed = false;
        return;
      }
    }
    open(left);
    open(right);
  }

  /// Macros over a list, and tests of a text that the literal itself passes. False: something else.
  bool method(const SyntaxNode& at) {
    if (is_one_of(at.text, {"contains", "startsWith", "endsWith"}) && at.children.size() == 2) {
      const auto value = literal(at.children[1]);
      Observed* fact = value ? field(at.children[0]) : nullptr;
      if (!fact) return false;
      note(fact->literals, *value);
      return true;
    }
    if (!is_one_of(at.text, {"exists", "all", "exists_one"}) || at.children.size() != 3) return false;
    const SyntaxNode& name = node(at.children[1]);
    std::vector<Value> elements;
    if (name.kind != SyntaxKind::identifier || !element_test(at.children[2], name.text, elements)) return false;
    Observed* fact = field(at.children[0]);
    if (!fact) return false;
    for (const Value& element : elements) note(fact->elements, element);
    return true;
  }

  /// The body of a macro: comparisons of the element with literals. False: something else.
  bool element_test(NodeIndex index, std::string_view element, std::vector<Value>& elements) const {
    const SyntaxNode& at = node(index);
    if (at.kind != SyntaxKind::operation && at.kind != SyntaxKind::method) return false;
    if (is_one_of(at.text, {"&&", "||", "!"})) {
      return std::all_of(at.children.begin(), at.children.end(),
                         [&](NodeIndex child) { return element_test(child, element, elements); });
    }
    if (at.children.size() != 2) return false;
    const NodeIndex left = at.children[0];
    const NodeIndex right = at.children[1];
    if (at.text == "in" && is_identifier(left, element)) {
      const auto list = literals(right);
      if (list) elements.insert(elements.end(), list->begin(), list->end());
      return list.has_value();
    }
    if (!is_one_of(at.text, {"==", "!=", "startsWith", "endsWith", "contains"})) return false;
    for (const auto& [one, other] : {std::pair(left, right), std::pair(right, left)}) {
      const auto value = literal(other);
      if (!is_identifier(one, element) || !value) continue;
      elements.push_back(*value);
      return true;
    }
    return false;
  }

  /// Nothing is known of what this makes of its facts.
  void open(NodeIndex index) {
    if (Observed* fact = field(index)) {
      fact->closed = false;
      return;
    }
    const SyntaxNode& at = node(index);
    ConditionUse& use = uses_.back();
    if (at.kind == SyntaxKind::identifier) {
      if (at.text == "enrollment") use.uses_enrollment = true;
      if (at.text == "now") use.uses_now = true;
      if (is_one_of(at.text, {"lead", "event", "account"})) use.opaque = true;
    }
    for (const NodeIndex child : at.children) open(child);
  }

  const cel::SyntaxTree* tree_ = nullptr;
  std::vector<Observed> observed_;
  std::vector<ConditionUse> uses_;
  bool by_country_ = false;
};

void add(std::vector<std::optional<Value>>& values, const std::optional<Value>& value) {
  const auto same = [&](const std::optional<Value>& known) {
    return known.has_value() == value.has_value() && (!known || cel::equal(*known, *value));
  };
  if (std::none_of(values.begin(), values.end(), same)) values.push_back(value);
}

/// Subsets of the elements: all of them while there are few, else none, each alone, and all.
void add_lists(const std::vector<Value>& elements, std::vector<std::optional<Value>>& values) {
  constexpr std::size_t kFew = 4;
  add(values, Value(cel::List{}));
  if (elements.size() > kFew) {
    for (const Value& element : elements) add(values, Value(cel::List{element}));
    add(values, Value(cel::List(elements)));
    return;
  }
  for (std::size_t subset = 1; subset < (std::size_t{1} << elements.size()); ++subset) {
    cel::List list;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if ((subset >> i) & 1U) list.push_back(elements[i]);
    }
    values.emplace_back(Value(std::move(list)));
  }
}

Fact fact_of(const Observed& observed) {
  Fact fact{observed.of, observed.name, {}, observed.closed};
  const bool is_lead = observed.of == Fact::Of::lead;
  if (is_lead && (observed.name == "email" || observed.name == "phone")) {
    // What matters of a contact point is whether there is one; its text is nothing to plan a cadence by.
    fact.closed = fact.closed && observed.literals.empty();
    fact.values = {Value(observed.name == "email" ? "lead@example.com" : "+33612345678"), std::nullopt};
    return fact;
  }
  if (observed.literals.size() > kMostLiterals || observed.elements.size() > kMostLiterals) fact.closed = false;
  bool has_text = false;
  for (const Value& literal : observed.literals) {
    add(fact.values, literal);
    has_text = has_text || literal.string();
  }
  for (const Value& literal : observed.literals) {
    if (const auto* number = literal.get<std::int64_t>()) {
      if (*number > INT64_MIN) add(fact.values, Value(*number - 1));
      if (*number < INT64_MAX) add(fact.values, Value(*number + 1));
    } else if (const auto* real = literal.get<double>()) {
      add(fact.values, Value(*real - 0.5));
      add(fact.values, Value(*real + 0.5));
    }
  }
  if (observed.is_bool) {
    add(fact.values, Value(true));
    add(fact.values, Value(false));
  }
  if (!observed.elements.empty()) add_lists(observed.elements, fact.values);
  if (has_text) add(fact.values, Value("another"));
  if (fact.values.empty()) add(fact.values, Value("some"));
  add(fact.values, std::nullopt);
  return fact;
}

/// The attribute as a fact, which the conditions may look at already.
Fact& fact_named(std::string_view name, Facts& facts) {
  for (Fact& fact : facts.all) {
    if (fact.of == Fact::Of::lead && fact.name == name) return fact;
  }
  return facts.all.emplace_back(Fact{Fact::Of::lead, std::string(name), {}, true});
}

/// What the packs tell apart: leads of every country that has one, consumers and businesses.
void add_law(const rules::PolicyPacks& packs, Facts& facts) {
  if (packs.empty()) return;
  Fact& country = fact_named("country", facts);
  for (const auto& pack : packs) add(country.values, Value(pack->jurisdiction));
  Fact& kind = fact_named("subject_kind", facts);
  for (const std::string_view name : rules::subject_kind_names()) add(kind.values, Value(name));
  facts.by_country = true;
  facts.by_law = true;
}

}  // namespace

const ConditionUse* Facts::find(const rules::Condition& condition) const {
  const auto found = std::find_if(uses.begin(), uses.end(), [&](const ConditionUse& use) {
    return use.condition->expression.text() == condition.expression.text();
  });
  return found == uses.end() ? nullptr : &*found;
}

bool Facts::is_decidable(const rules::Condition& condition) const {
  const ConditionUse* use = find(condition);
  if (!use || use->opaque || use->uses_enrollment || use->uses_now) return false;
  return std::all_of(use->facts.begin(), use->facts.end(), [&](std::size_t fact) { return all[fact].closed; });
}

Facts facts_of(const rules::Playbook& playbook, const rules::PolicyPacks& packs) {
  Collector collector;
  if (playbook.enroll.when) collector.add(*playbook.enroll.when);
  for (const rules::Variant& variant : playbook.variants) collector.add(variant.when);
  for (const rules::Exception& exception : playbook.exceptions) collector.add(exception.when);
  for (const rules::Disqualification& rule : playbook.qualification.disqualify) collector.add(rule.when);
  const auto add_steps = [&](const rules::Form& form) {
    for (const rules::Step& step : form.steps) {
      if (step.skip_if) collector.add(*step.skip_if);
      if (step.requirement) collector.add(*step.requirement);
    }
  };
  add_steps(playbook);
  collector.add_countries(playbook);
  for (const rules::Form& form : playbook.replaced_forms) {
    add_steps(form);
    collector.add_countries(form);
  }

  Facts facts;
  for (const Observed& observed : collector.observed()) facts.all.push_back(fact_of(observed));
  facts.uses = std::move(collector.uses());
  facts.by_country = collector.by_country();
  if (playbook.enroll.schedule) {
    // A timer asks: there is no event to look at.
    for (Fact& fact : facts.all) {
      if (fact.of == Fact::Of::event) fact.values = {std::nullopt};
    }
  }
  add_law(packs, facts);
  return facts;
}

}  // namespace relance::engine
