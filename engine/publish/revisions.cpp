#include "engine/publish/revisions.h"

#include "rules/loader.h"
#include "rules/sha256.h"

namespace relance::engine {

namespace {

/// Beside the positions of the inputs: how far the engine itself has got with a folder.
constexpr const char* kFollowed = "engine:followed";
constexpr const char* kFollowing = "engine:following";
constexpr const char* kFollowingSince = "engine:following_since";
constexpr const char* kPublished = "engine:published:";

std::int64_t number_of(std::string_view text) {
  return static_cast<std::int64_t>(rules::first_eight_octets(rules::sha256(text)));
}

std::int64_t number_of(const rules::Rulebook& rulebook) {
  std::string folder;
  for (const auto& playbook : rulebook.current()) folder += playbook->id.value + " " + playbook->revision.value + "\n";
  return number_of(folder);
}

std::int64_t number_of_schedules(const rules::Rulebook& rulebook) {
  std::string schedules;
  for (const rules::Playbook* playbook : rulebook.scheduled()) {
    schedules += playbook->id.value + " " + std::to_string(playbook->enroll.schedule->key) + " ";
    schedules += std::string(playbook->fallback_zone.name()) + "\n";
  }
  return number_of(schedules);
}

}  // namespace

tl::expected<void, std::string> add_kept_revisions(rules::Rulebook& rulebook,
                                                   const std::vector<std::string>& canonical) {
  for (const std::string& form : canonical) {
    auto playbook = rules::load_canonical(form);
    if (!playbook)
      return tl::unexpected("the store holds a playbook revision that cannot be read: " + playbook.error());
    rulebook.add_pinned(std::move(*playbook));
  }
  return {};
}

void stage_publication(DurableStore& store, const rules::Rulebook& rulebook, const PublishCause& cause,
                       rules::Instant now) {
  for (const auto& playbook : rulebook.current()) {
    const std::string name = kPublished + playbook->id.value;
    const std::int64_t revision = number_of(playbook->revision.value);
    if (store.position(name) == revision) continue;
    store.put_revision(playbook->revision, playbook->canonical);
    store.set_position({name, revision});
    rules::Record record;
    record.type = rules::RecordType::playbook_published;
    record.at = now;
    record.playbook = playbook->id;
    record.revision = playbook->revision;
    record.actor = cause.by;
    store.append({nullptr, cause.what}, {record});
  }
}

void stage_rejection(DurableStore& store, const std::string& reason, const PublishCause& cause, rules::Instant now) {
  rules::Record record;
  record.type = rules::RecordType::playbook_rejected;
  record.at = now;
  record.reason = reason;
  record.actor = cause.by;
  store.append({nullptr, cause.what}, {record});
}

bool was_followed(DurableStore& store, const rules::Rulebook& rulebook) {
  return store.position(kFollowed) == number_of(rulebook);
}

rules::Instant stage_following(DurableStore& store, const rules::Rulebook& rulebook, rules::Instant now) {
  const std::int64_t number = number_of_schedules(rulebook);
  const auto since = store.position(kFollowingSince);
  const bool goes_on = store.position(kFollowed) == 0 && store.position(kFollowing) == number && since;
  store.set_position({kFollowed, 0});
  if (goes_on) return rules::Instant{*since};
  store.set_position({kFollowing, number});
  store.set_position({kFollowingSince, now.ms});
  return now;
}

void stage_followed(DurableStore& store, const rules::Rulebook& rulebook) {
  store.set_position({kFollowed, number_of(rulebook)});
}

}  // namespace relance::engine
