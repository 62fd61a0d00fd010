// The outcomes file: what touches come to in a simulation.

#include <fstream>

#include "engine/intake/json_data.h"
#include "engine/simulate/simulation.h"

namespace relance::engine {

namespace {

tl::unexpected<std::string> wrong(const std::string& what) { return tl::unexpected<std::string>(what); }

struct Line {
  std::pair<rules::LeadId, rules::StepId> key;
  PlannedOutcome outcome;
};

tl::expected<Line, std::string> read_line(JsonParser& parser, const std::string& text) {
  const auto document = parser.parse(text);
  if (!document) return wrong(document.error().message);
  const auto value = to_value(*document, 0);
  if (!value) return wrong(value.error().message);
  const auto text_of = [](const rules::cel::Value& map, std::string_view key) -> const std::string* {
    const auto* found = map.find(key);
    return found ? found->string() : nullptr;
  };
  const std::string* lead = text_of(*value, "lead");
  const std::string* step = text_of(*value, "step");
  const std::string* after = text_of(*value, "after");
  const auto* event = value->find("event");
  if (!lead || !step) return wrong("expected \"lead\" and \"step\" as strings");
  if (!event || !event->map()) return wrong("expected \"event\" as an object with type and data");
  const auto delay = rules::parse_duration(after ? *after : "0s");
  if (!delay) return wrong("expected \"after\" as a duration such as \"2h\"");
  const std::string* name = text_of(*event, "type");
  const auto type = name ? rules::parse_event_type(*name) : std::nullopt;
  if (!type) return wrong("expected event.type as a known event type such as \"touch.completed\"");
  const auto* data = event->find("data");
  if (data && !data->map()) return wrong("expected event.data as an object");
  return Line{{rules::LeadId(*lead), rules::StepId(*step)},
              {*delay, *type, data ? *data : rules::cel::Value(rules::cel::Map{})}};
}

}  // namespace

tl::expected<Outcomes, std::string> read_outcomes(const std::string& path) {
  std::ifstream file(path);
  if (!file) return wrong("cannot read " + path);
  Outcomes outcomes;
  JsonParser parser;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto line = read_line(parser, text);
    if (!line) return wrong(path + ":" + std::to_string(number) + ": " + line.error());
    outcomes[line->key].push_back(std::move(line->outcome));
  }
  return outcomes;
}

}  // namespace relance::engine
