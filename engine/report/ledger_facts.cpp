#include "engine/report/ledger_facts.h"

#include <algorithm>
#include <optional>

#include "rules/record.h"

namespace relance::engine {

using rules::RecordType;

namespace {

using simdjson::dom::element;

/// Empty when absent or no text.
std::string_view text_at(const element& record, std::string_view key) {
  std::string_view text;
  return record[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::optional<LedgerFact::Kind> kind_of(std::string_view type, const element& record) {
  using Kind = LedgerFact::Kind;
  const auto is = [&](RecordType known) { return type == rules::to_string(known); };
  if (is(RecordType::experiment_assigned)) return Kind::assigned;
  if (is(RecordType::lead_exited)) return Kind::exited;
  if (is(RecordType::touch_emitted)) return Kind::touched;
  if (is(RecordType::touch_cancelled)) return Kind::untouched;
  const bool by_complaint = text_at(record, "intake") == "complaint";
  // An opt-out by a feedback report counts as the complaint that it is.
  if (is(RecordType::opt_out_received)) return by_complaint ? Kind::complained : Kind::opted_out;
  if (is(RecordType::suppression_added) && by_complaint) return Kind::complained;
  return std::nullopt;
}

}  // namespace

LedgerFacts::LedgerFacts() { names_.emplace_back(); }

Name LedgerFacts::find(std::string_view text) const {
  const auto found = known_.find(text);
  return found == known_.end() ? 0 : found->second;
}

Name LedgerFacts::name(std::string_view text) {
  if (text.empty()) return 0;
  if (const Name known = find(text); known != 0) return known;
  const auto next = static_cast<Name>(names_.size());
  known_.emplace(names_.emplace_back(text), next);
  return next;
}

tl::expected<void, std::string> LedgerFacts::add(std::string_view line) {
  const auto refuse = [](std::string why) { return tl::unexpected<std::string>(std::move(why)); };
  const auto record = parser_.parse(line);
  if (!record || !record->is_object()) return refuse("expected a ledger record as JSON, got something else");
  LedgerFact fact;
  if ((*record)["seq"].get(fact.seq) != simdjson::SUCCESS) return refuse("expected a ledger record, which has a `seq`");
  const auto at = rules::parse_rfc3339(text_at(*record, "at"));
  if (!at) return refuse("expected `at` to be an RFC 3339 instant");
  const std::string_view type = text_at(*record, "type");
  if (type.empty()) return refuse("expected a ledger record, which has a `type`");

  last_ = std::max(last_, *at);
  const auto kind = kind_of(type, *record);
  if (!kind) return {};
  fact.at = *at;
  fact.kind = *kind;
  const std::string_view subject = text_at(*record, "subject");
  fact.person = name(subject.empty() ? text_at(*record, "lead") : subject);
  fact.account = name(text_at(*record, "account"));
  fact.enrollment = name(text_at(*record, "enrollment"));
  fact.playbook = name(text_at(*record, "playbook"));
  fact.revision = name(text_at(*record, "revision"));
  fact.word = name(text_at(*record, fact.kind == LedgerFact::Kind::assigned ? "arm" : "reason"));
  facts_.push_back(fact);
  return {};
}

tl::expected<std::vector<LedgerFact>, std::string> LedgerFacts::in_order() const {
  std::vector<LedgerFact> facts = facts_;
  std::sort(facts.begin(), facts.end(), [](const auto& a, const auto& b) { return a.seq < b.seq; });
  facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
  const auto twice =
      std::adjacent_find(facts.begin(), facts.end(), [](const auto& a, const auto& b) { return a.seq == b.seq; });
  if (twice == facts.end()) return facts;
  return tl::unexpected<std::string>("two different records have the sequence number " + std::to_string(twice->seq) +
                                     ": these are records of more than one ledger; give one ledger at a time");
}

}  // namespace relance::engine
