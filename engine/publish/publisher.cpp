#include "engine/publish/publisher.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "engine/publish/folder_difference.h"
#include "rules/loader.h"

namespace relance::engine {

using rules::Rulebook;

namespace {

bool holds_exactly(const Rulebook& rulebook, std::vector<std::string> revisions) {
  std::vector<std::string> held;
  for (const auto& playbook : rulebook.current()) held.emplace_back(playbook->revision.value);
  std::sort(held.begin(), held.end());
  std::sort(revisions.begin(), revisions.end());
  return held == revisions;
}

/// The findings in one line of the log; `relance check` prints them in full.
std::string first_line(const std::string& finding) { return finding.substr(0, finding.find('\n')); }

}  // namespace

Publisher::Publisher(Engine& engine, Settings settings, FolderMark taken)
    : engine_(engine), settings_(std::move(settings)), watch_(std::move(taken)) {}

Publisher::~Publisher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Publisher::start() {
  thread_ = std::thread([this] { watch(); });
}

void Publisher::request_publish() {
  {
    const std::lock_guard lock(mutex_);
    requested_ = true;
  }
  changed_.notify_all();
}

void Publisher::watch() {
  std::unique_lock lock(mutex_);
  const auto woken = [this] { return requested_ || stopping_; };
  while (true) {
    if (settings_.poll.count() > 0) {
      changed_.wait_for(lock, settings_.poll, woken);
    } else {
      changed_.wait(lock, woken);
    }
    if (stopping_) return;
    const bool requested = std::exchange(requested_, false);
    lock.unlock();
    try {
      if (requested) {
        publish_unasked({"signal", ""});
      } else {
        FolderMark now = mark_of(settings_.folder);
        std::unique_lock publications(one_at_a_time_);
        const bool at_rest = watch_.look(std::move(now));
        publications.unlock();
        if (at_rest) publish_unasked({"file_change", ""});
      }
    } catch (const std::exception& error) {
      spdlog::error("event=publish_failed reason=\"{}\"", error.what());
    }
    lock.lock();
  }
}

void Publisher::publish_unasked(const PublishCause& cause) { publish(cause, {}); }

PublishAnswer Publisher::publish(const PublishRequest& request) { return publish({"publish", request.by}, request); }

PublishAnswer Publisher::publish(const PublishCause& cause, const PublishRequest& request) {
  const std::lock_guard one_at_a_time(one_at_a_time_);
  // Before it is read: what changes from here on is seen at the next look.
  watch_.took(mark_of(settings_.folder));
  auto folder = read_playbook_folder(settings_.folder, settings_.default_language, settings_.policies);
  if (!folder) return refuse(std::move(folder.error()), cause);
  if (auto broken = find_broken_promises(folder->rulebook, settings_.folder)) return refuse(std::move(*broken), cause);
  if (request.revisions && !holds_exactly(folder->rulebook, *request.revisions)) {
    return {PublishAnswer::Kind::differs, {}, {}};
  }
  const auto before = engine_.rulebook();
  if (!before) return {};
  folder->rulebook.keep_revisions_of(*before);
  const auto after = std::make_shared<const Rulebook>(std::move(folder->rulebook));
  const auto tally = engine_.publish({after, std::move(folder->templates), cause});
  if (!tally) return {};
  return {PublishAnswer::Kind::done, report_json(differences(*before, *after), &*tally), {}};
}

PublishAnswer Publisher::refuse(FolderRefusal refusal, const PublishCause& cause) {
  spdlog::error("event=playbooks_rejected cause={} findings={} first=\"{}\" text=\"the playbooks in force go on\"",
                cause.what, refusal.findings.size(), first_line(refusal.findings.front()));
  if (!engine_.reject(refusal.reason, cause)) return {};
  return {PublishAnswer::Kind::refused, {}, std::move(refusal.findings)};
}

PublishAnswer Publisher::preview(const std::vector<std::string>& canonical) {
  std::vector<rules::Playbook> playbooks;
  for (const std::string& form : canonical) {
    auto playbook = rules::load_canonical(form);
    if (!playbook) return {PublishAnswer::Kind::refused, {}, {playbook.error()}};
    playbooks.push_back(std::move(*playbook));
  }
  const auto before = engine_.rulebook();
  if (!before) return {};
  Rulebook after({}, std::move(playbooks));
  after.keep_revisions_of(*before);
  const auto tally = engine_.count_in_flight(after);
  if (!tally) return {};
  return {PublishAnswer::Kind::done, report_json(differences(*before, after), &*tally), {}};
}

std::optional<std::string> Publisher::playbooks_json() {
  const auto rulebook = engine_.rulebook();
  const auto tally = rulebook ? engine_.count_in_flight(*rulebook) : std::nullopt;
  if (!tally) return std::nullopt;
  nlohmann::ordered_json playbooks = nlohmann::ordered_json::array();
  for (const auto& playbook : rulebook->current()) {
    const InFlightCounts counts = tally->of(playbook->id);
    playbooks.push_back({{"id", playbook->id.value},
                         {"title", playbook->title},
                         {"priority", playbook->priority},
                         {"revision", playbook->revision.value},
                         {"in_flight", name_of(playbook->in_flight)},
                         {"enrolled", counts.enrolled()},
                         {"enrolled_under_older", counts.enrolled() - counts.current}});
  }
  return nlohmann::ordered_json{{"playbooks", std::move(playbooks)}}.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace relance::engine
