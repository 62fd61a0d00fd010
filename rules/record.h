#pragma once
// A ledger record as a value, before the ledger gives it a sequence number and writes it as one JSON line.
// Source: events-and-ledger.md, "The ledger". Names no person: subject and lead are added by the writer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/channel.h"
#include "rules/ids.h"
#include "rules/text.h"
#include "rules/time.h"

namespace relance::rules {

/// Numbers are stored on disk: never reuse one.
enum class RecordType : std::uint8_t {
  lead_enrolled = 0,
  lead_not_enrolled = 1,
  lead_exited = 2,
  lead_paused = 3,
  lead_resumed = 4,
  touch_emitted = 5,
  touch_deferred = 6,
  touch_withheld = 7,
  touch_skipped = 8,
  touch_cancelled = 9,
  attempt_started = 10,
  attempt_finished = 11,
  touch_completed = 12,
  touches_shortfall = 13,
  sla_met = 14,
  sla_at_risk = 15,
  sla_breached = 16,
  cool_down_started = 17,
  cool_down_ended = 18,
  lead_escalated = 19,
  escalation_resolved = 20,
  opt_out_received = 21,
  opt_out_effective = 22,
  consent_granted = 23,
  consent_withdrawn = 24,
  suppression_added = 25,
  subject_erased = 26,
  playbook_published = 27,
  playbook_rejected = 28,
  lead_scored = 29,
  lead_variant = 30,
  experiment_assigned = 31,
  lead_migrated = 32,
  guardrail_tripped = 33,
  halted = 34,
  resumed = 35,
  attempt_resolved = 36,
};
std::string_view to_string(RecordType type);

/// As the attribute has it: a whole number until something sets a fraction.
using Score = std::variant<std::int64_t, double>;

struct Record {
  RecordType type = RecordType::lead_enrolled;
  Instant at;
  std::optional<PlaybookId> playbook;
  std::optional<Revision> revision;
  std::optional<EnrollmentId> enrollment;
  std::optional<StepId> step;
  std::optional<Channel> channel;
  std::optional<ChannelScope> scope;  // printed as `channel` of opt-outs and suppressions
  std::optional<ActionId> action;
  Text rule;  // empty: absent
  std::optional<Instant> until;
  Text reason;  // empty: absent
  std::optional<std::vector<StepId>> steps_left;
  Text variant;  // empty: absent
  Text arm;      // empty: absent
  std::optional<Score> score;
  Text outcome;                  // empty: absent
  Text intake;                   // empty: absent
  Text flag;                     // of a guardrail; empty: absent
  Text actor;                    // empty: absent (data.by, an operator's name as the CRM gives it)
  Text local_time;               // "2026-03-02T09:10 Europe/Paris", of a touch; empty: absent
  std::string_view legal_basis;  // of a touch that a legal pack allowed: express, opt_out, ...; empty: absent
  Text pack;                     // what decided or allowed it, "fr@1+3f2a9c01d2e4"; empty: absent
  std::optional<std::int32_t> attempt;
  Text connector;    // empty: absent
  Text provider_id;  // empty: absent
};

/// As JSON has it.
void append_score(std::string& out, const Score& score);

/// One English sentence for a person: the `text` field. Deterministic, names no person.
std::string sentence(const Record& record);
/// The same, appended: for writers of many records. Ids and reasons stand in it as they are, unescaped.
void append_sentence(std::string& out, const Record& record);

}  // namespace relance::rules
