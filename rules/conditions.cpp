#include "rules/conditions.h"

#include <array>

#include "rules/decide.h"

namespace relance::rules {

namespace {

const cel::Value& empty_map() {
  static const cel::Value value{cel::Map{}};
  return value;
}
const cel::Value& empty_list() {
  static const cel::Value value{cel::List{}};
  return value;
}
const cel::Value& zero() {
  static const cel::Value value{std::int64_t{0}};
  return value;
}

/// What `lead` always has: score, flags, tags.
const cel::Value* default_attribute(std::string_view name) {
  if (name == "score") return &zero();
  if (name == "flags" || name == "tags") return &empty_list();
  return nullptr;
}

cel::Timestamp timestamp(Instant instant) {
  std::int64_t seconds = instant.ms / 1000;
  std::int64_t rest = instant.ms % 1000;
  if (rest < 0) {
    rest += 1000;
    --seconds;
  }
  return {seconds, static_cast<std::int32_t>(rest * 1'000'000)};
}

class ConditionBindings final : public cel::Bindings {
 public:
  ConditionBindings(const LeadState& lead, const Event* event, Instant now) : lead_(lead), event_(event), now_(now) {}

  const cel::Value* variable(std::size_t index) const override {
    switch (static_cast<ConditionVariable>(index)) {
      case ConditionVariable::lead:
        return built(index, [this] { return lead_variable(lead_); });
      case ConditionVariable::account:
        return built(index, [this] { return account_variable(lead_); });
      case ConditionVariable::event:
        return event_ && event_->data.map() ? &event_->data : &empty_map();
      case ConditionVariable::now:
        return built(index, [this] { return cel::Value(timestamp(now_)); });
      case ConditionVariable::enrollment:
        return built(index, [this] { return enrollment_variable(lead_); });
    }
    return nullptr;
  }

  bool field(std::size_t index, std::string_view name, const cel::Value*& field) const override {
    switch (static_cast<ConditionVariable>(index)) {
      case ConditionVariable::lead:
        field = lead_.attributes.find(name);
        if (!field) field = default_attribute(name);
        return true;
      case ConditionVariable::event:
        field = event_ ? event_->data.find(name) : nullptr;
        return true;
      default:
        return false;
    }
  }

 private:
  template <class Build>
  const cel::Value* built(std::size_t index, Build build) const {
    if (!built_[index]) built_[index] = build();
    return &*built_[index];
  }

  const LeadState& lead_;
  const Event* event_;
  Instant now_;
  mutable std::array<std::optional<cel::Value>, 5> built_;
};

}  // namespace

Truth ask(const Condition& condition, const LeadState& lead, const Event* event, Instant now) {
  const ConditionBindings bindings(lead, event, now);
  const auto result = condition.expression.evaluate(bindings);
  if (!result) return Truth::error;
  const bool* truth = result->get<bool>();
  if (!truth) return Truth::error;
  return *truth ? Truth::yes : Truth::no;
}

cel::Value lead_variable(const LeadState& lead) {
  cel::Map map;
  map.reserve(lead.attributes.entries().size() + 3);
  for (const auto& [name, value] : lead.attributes.entries()) map.emplace_back(cel::Value(name), value);
  for (const std::string_view name : {"score", "flags", "tags"}) {
    if (!lead.attributes.find(name)) map.emplace_back(cel::Value(name), *default_attribute(name));
  }
  return cel::Value(std::move(map));
}

cel::Value account_variable(const LeadState& lead) {
  cel::Map map;
  if (lead.account) map.emplace_back(cel::Value("id"), cel::Value(lead.account->value));
  return cel::Value(std::move(map));
}

cel::Value enrollment_variable(const LeadState& lead) {
  cel::Map map;
  cel::List done;
  std::int64_t touches = 0;
  std::int64_t replies = 0;
  if (lead.enrollment) {
    touches = lead.enrollment->touches;
    replies = lead.enrollment->replies;
    map.emplace_back(cel::Value("playbook"), cel::Value(lead.enrollment->playbook.value));
    for (const StepState& step : lead.enrollment->steps) {
      if (step.status != StepStatus::open) done.emplace_back(step.id.value);
    }
  }
  map.emplace_back(cel::Value("touches"), cel::Value(touches));
  map.emplace_back(cel::Value("replies"), cel::Value(replies));
  map.emplace_back(cel::Value("steps"), cel::Value(std::move(done)));
  return cel::Value(std::move(map));
}

}  // namespace relance::rules
