#pragma once
// The port through which actions leave: one implementation per kind of system in connectors/, a fake in tests.
// Threads: deliver() blocks and is called on the connector's own dispatch threads, never on the processor's; at most
// `concurrency` calls at once. Errors: never throws; every failure is an AttemptResult.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "rules/channel.h"
#include "rules/ids.h"
#include "rules/time.h"

namespace relance::engine {

enum class ActionKind : std::uint8_t {
  email = 0,
  call = 1,
  social = 2,
  sms = 3,
  task = 4,
  reschedule = 5,
  escalate = 6,
  cancel = 7
};
std::string_view to_string(ActionKind kind);   // "email"
std::string_view event_type(ActionKind kind);  // "relance.action.email"

/// A rendered email, before MIME. Personal data.
struct EmailContent {
  std::string subject;
  std::string text;             // plain text, UTF-8
  std::string html;             // empty: plain text only
  std::string language;         // BCP 47, for Content-Language; may be empty
  std::string unsubscribe_url;  // https URI of List-Unsubscribe (RFC 8058); empty: no header (service mail)
};

/// One action, complete: what the connector needs and nothing else. Its JSON form is the CloudEvent on relance.actions
/// (events-and-ledger.md, "Actions out") and is identical on every retry.
struct Action {
  rules::ActionId id;
  ActionKind kind = ActionKind::task;
  rules::LeadId lead;
  std::optional<rules::AccountId> account;
  std::string owner;
  rules::PlaybookId playbook;
  rules::Revision revision;
  rules::StepId step;                     // empty for escalate and hand-off
  std::optional<rules::Channel> channel;  // absent for escalate and hand-off
  rules::Instant created;                 // `time` of the CloudEvent: when it was decided
  rules::Instant due;
  rules::Instant not_after;
  std::string contact_point;  // email address or E.164 phone; personal data
  std::string name;           // of the person, for the recipient's display name; personal data
  EmailContent email;
  std::string script;  // call, task: what the rep reads
  std::string reason;  // escalate, cancel
  std::string to;      // escalate: "manager"
  std::optional<rules::ActionId> cancels;
  std::int32_t attempt = 1;  // of the step, part of the id; a repeated delivery does not change it
};

/// The CloudEvent (structured mode, one line, keys in fixed order, no newline). Text that is not UTF-8 is repaired with
/// U+FFFD. Holds personal data.
std::string to_cloud_event(const Action& action);

/// Reads what to_cloud_event() wrote: the outbox keeps that text, and printing the result gives the same bytes again.
/// The error names what is wrong without quoting the text.
[[nodiscard]] tl::expected<Action, std::string> action_from_cloud_event(std::string_view text);

struct AttemptResult {
  enum class Kind {
    accepted,         // the other side has it: the outcome becomes touch.completed
    rejected,         // it never will: touch.completed with outcome `failed` or `bounced`
    retry,            // nothing happened there, try again later
    outcome_unknown,  // it may or may not have happened (timeout after the final dot): parked unless idempotent
  };
  Kind kind = Kind::retry;
  std::string outcome;       // accepted: "sent", "completed" or empty when a later event tells (a call task)
  bool hard_bounce = false;  // rejected: the address is permanently unknown (RFC 3463 5.1.x)
  bool soft_bounce = false;
  std::string provider_id;                     // what the other side calls it; no personal data
  std::string reason;                          // a short code and text without personal data, e.g. "smtp 550 5.1.1"
  std::optional<rules::Duration> retry_after;  // the other side asked for it
};

class Connector {
 public:
  virtual ~Connector() = default;
  virtual std::string_view name() const = 0;
  virtual AttemptResult deliver(const Action& action, int attempt) = 0;
  /// The same action may be delivered again after an unknown outcome without a second effect (Idempotency-Key, or the
  /// connector finds the earlier one).
  virtual bool idempotent() const = 0;
  virtual int concurrency() const { return 1; }
};

}  // namespace relance::engine
