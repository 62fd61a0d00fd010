// Conditions from hostile hands: whatever the octets, compiling ends in findings or in an expression whose evaluation
// ends in a value that prints, or in an error; and twice in the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/cel/expression.h"

namespace {

namespace cel = relance::rules::cel;

/// A lead, a time and a variable without a value.
class LeadBindings : public cel::Bindings {
 public:
  const cel::Value* variable(std::size_t index) const override {
    if (index == 0) return &lead_;
    return index == 1 ? &now_ : nullptr;
  }
  bool field(std::size_t index, std::string_view name, const cel::Value*& field) const override {
    if (index != 0) return false;
    field = lead_.find(name);
    return true;
  }

 private:
  cel::Value lead_{cel::Map{
      {cel::Value("size"), cel::Value("smb")},
      {cel::Value("score"), cel::Value(std::int64_t{80})},
      {cel::Value("value"), cel::Value(1.5)},
      {cel::Value("flags"), cel::Value(cel::List{cel::Value("vip"), cel::Value(std::uint64_t{1}), cel::Value()})},
      {cel::Value("raw"), cel::Value(cel::Bytes{"\xff"})}}};
  cel::Value now_{cel::Timestamp{1'772'442'600, 5}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expression = cel::Expression::compile(text, {{"lead", cel::VariableType::map_string_dyn},
                                                          {"now", cel::VariableType::timestamp},
                                                          {"missing", cel::VariableType::dyn}});
  if (!expression) {
    if (expression.error().empty()) std::abort();
    return 0;
  }
  (void)expression->fields_of("lead");
  const LeadBindings bindings;
  const auto first = expression->evaluate(bindings);
  const auto second = expression->evaluate(bindings);
  if (first.has_value() != second.has_value()) std::abort();
  if (first && cel::to_json(*first) != cel::to_json(*second)) std::abort();
  if (!first && first.error().message != second.error().message) std::abort();
  return 0;
}
