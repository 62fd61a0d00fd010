#include "connectors/file/file_connector.h"

#include <utility>

namespace relance::connectors {

using engine::ActionKind;
using engine::AttemptResult;

namespace {

/// What the simulator takes for granted (events-and-ledger: "The command line"). An escalation and a cancellation are
/// no touches and have no outcome.
std::string default_outcome(ActionKind kind) {
  switch (kind) {
    case ActionKind::email:
      return "sent";
    case ActionKind::call:
      return "no_answer";
    case ActionKind::social:
    case ActionKind::sms:
    case ActionKind::task:
    case ActionKind::reschedule:
      return "completed";
    case ActionKind::escalate:
    case ActionKind::cancel:
      return {};
  }
  return {};
}

}  // namespace

FileConnector::FileConnector(FileSettings settings, std::shared_ptr<ActionFile> file)
    : settings_(std::move(settings)), file_(std::move(file)) {}

tl::expected<std::unique_ptr<FileConnector>, std::string> FileConnector::open(const FileSettings& settings) {
  auto file = ActionFile::open(settings.path);
  if (!file) return tl::unexpected(file.error());
  return std::unique_ptr<FileConnector>(new FileConnector(settings, *std::move(file)));
}

AttemptResult FileConnector::deliver(const engine::Action& action, int /*attempt*/) {
  AttemptResult result;
  const auto appended = file_->append(action.id.value, engine::to_cloud_event(action));
  if (!appended) {
    result.kind = AttemptResult::Kind::retry;
    result.reason = "file: " + appended.error();
    return result;
  }
  result.kind = AttemptResult::Kind::accepted;
  result.outcome = default_outcome(action.kind);
  if (!settings_.complete) result.outcome.clear();
  if (!result.outcome.empty() && !settings_.outcome.empty()) result.outcome = settings_.outcome;
  return result;
}

}  // namespace relance::connectors
