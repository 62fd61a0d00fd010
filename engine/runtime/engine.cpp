#include "engine/runtime/engine.h"

#include <algorithm>

#include <spdlog/spdlog.h>
#include <boost/asio/post.hpp>

#include "engine/explain/lead_explanation.h"
#include "engine/ledger/ledger_line.h"
#include "engine/runtime/lead_view.h"

namespace relance::engine {

using rules::Duration;
using rules::Instant;

namespace {

/// The store keeps the engine's clock beside the inputs' positions: it never runs backwards, not across a restart.
constexpr const char* kClockPosition = "engine:clock";
constexpr std::size_t kTimelineLines = 200;

}  // namespace

Engine::Engine(Parts parts, EngineSettings settings)
    : parts_(parts),
      settings_(settings),
      work_guard_(context_.get_executor()),
      timer_(context_),
      requests_{ArrivalQueue(static_cast<std::size_t>(settings.intake.queue), [this] { wake(); }), std::nullopt},
      inputs_{ArrivalQueue(static_cast<std::size_t>(settings.intake.queue), [this] { wake(); }), std::nullopt},
      processor_(*parts.rulebook, parts.store, parts.outbox),
      places_(settings.playbooks) {
  if (const auto clock = last_clock(parts_.store)) {
    committed_clock_ = *clock;
    parts_.clock.continue_from(committed_clock_);
    processor_.advance(committed_clock_);
  }
}

std::optional<Instant> Engine::last_clock(DurableStore& store) {
  const auto position = store.position(kClockPosition);
  return position ? std::optional(Instant{*position}) : std::nullopt;
}

// --- The loop -----------------------------------------------------------------------------------------------------

tl::expected<void, std::string> Engine::run(std::chrono::seconds drain) {
  drain_ = drain;
  parts_.outbox.recover(processor_);
  if (was_followed(parts_.store, *parts_.rulebook)) {
    parts_.metrics.playbooks.Set(static_cast<double>(parts_.rulebook->current().size()));
  } else {
    begin_walk({"start", ""});  // a folder that changed, or a process that ended before all leads had followed
  }
  if (ResumeWalk::is_to_be_made(parts_.store)) resume_walk_.emplace();
  schedule_turn();
  context_.run();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  run_jobs();  // nobody waits for ever
  walk_.reset();
  answer_all(requests_);
  answer_all(inputs_);
  if (failure_) return tl::unexpected<std::string>(*failure_);
  return {};
}

/// The loop has ended: what was not handled was not taken.
void Engine::answer_all(Door& door) {
  door.queue.close();
  if (door.taken && door.taken->group.done) door.taken->group.done(false);
  door.taken.reset();
  while (auto group = door.queue.take()) {
    if (group->done) group->done(false);
  }
}

void Engine::stop() {
  if (stopping_.exchange(true)) return;
  requests_.queue.close();
  inputs_.queue.close();
  wake();
}

void Engine::wake() { schedule_turn(); }

void Engine::schedule_turn() {
  if (turn_posted_.exchange(true)) return;
  boost::asio::post(context_, [this] {
    turn_posted_ = false;
    turn();
  });
}

void Engine::turn() {
  if (failure_) return;
  try {
    // What is due carries its own instant and comes before what arrives now.
    bool caught_up = do_due_work();
    handle_results();
    if (caught_up) {
      const bool requests_read = handle_arrivals(requests_);
      caught_up = handle_arrivals(inputs_) && requests_read;
    }
    walk_on();  // also while more waits than one turn takes: a backlog must not put publishing off
    parts_.outbox.release(processor_.clock());
    if (may_dispatch(caught_up)) staged_ += parts_.outbox.start_ready(processor_);
    if (!commit()) return;
    if (walk_ && walk_->complete()) {
      walk_->finish();
      walk_.reset();
      processor_.following_since(std::nullopt);
    }
    if (resume_walk_ && resume_walk_->complete()) resume_walk_.reset();
    parts_.outbox.deliver_started();
    run_jobs();
  } catch (const std::exception& error) {
    fail(error.what());
    return;
  }
  arm_timer();
}

/// Nothing goes out past what has arrived and is not read yet: it may be an opt-out.
bool Engine::may_dispatch(bool caught_up) {
  if (stopping_) return false;
  if (parts_.clock.moved_by_events()) return true;
  if (!caught_up || requests_.waiting() || clock_was_set_back()) return false;
  if (!hold_) return true;
  if (!hold_->behind() && !inputs_.waiting()) {
    hold_.reset();
    return true;
  }
  if (const auto now = std::chrono::steady_clock::now(); now >= hold_->warn_at) {
    spdlog::warn("event=inputs_behind text=\"no action goes out until the inputs are read: one may be an opt-out\"");
    hold_->warn_at = now + hold_->patience;
  }
  return false;
}

/// The engine's clock never runs backwards, so it stands until the machine's comes past it again. Meanwhile the gate
/// would be asked about an instant that is not yet: contact hours may be closed.
bool Engine::clock_was_set_back() {
  const auto behind = parts_.clock.behind(processor_.clock());
  const bool set_back = behind.count() > 0;
  if (set_back && !set_back_) {
    spdlog::error(
        "event=clock_set_back behind_ms={} text=\"no action goes out until the machine's clock has caught up\"",
        behind.count());
  }
  set_back_ = set_back;
  return set_back;
}

void Engine::hold_dispatch(std::function<bool()> behind, std::chrono::seconds patience) {
  hold_ = Hold{std::move(behind), patience, std::chrono::steady_clock::now() + patience};
}

void Engine::handle_results() {
  std::vector<DeliveryResult> results;
  {
    const std::lock_guard lock(mutex_);
    results.swap(results_);
  }
  for (const DeliveryResult& result : results) parts_.outbox.finished(result, processor_);
  staged_ += results.size();
}

bool Engine::handle_arrivals(Door& door) {
  const std::size_t waited =
      door.queue.size() + (door.taken ? door.taken->group.arrivals.size() - door.taken->next : 0);
  std::size_t handled = 0;
  while (handled < static_cast<std::size_t>(settings_.intake.batch) && staged_ < kMaxStaged) {
    if (!door.taken) {
      auto group = door.queue.take();
      if (!group) return true;
      door.taken = Taken{std::move(*group), 0};
    }
    const std::size_t before = door.taken->next;
    const bool finished = handle_group(*door.taken);
    handled += door.taken->next - before;
    if (!finished) return false;
    to_answer_.push_back(std::move(door.taken->group));
    door.taken.reset();
  }
  return handled >= waited;
}

/// False when the group must wait: for a commit, or (events mode) until nothing is under way.
bool Engine::handle_group(Taken& taken) {
  for (; taken.next < taken.group.arrivals.size(); ++taken.next) {
    const Arrival& arrival = taken.group.arrivals[taken.next];
    if (const auto* event = std::get_if<rules::Event>(&arrival)) {
      if (!work_before(instant_of(*event))) return false;
    }
    handle_arrival(arrival);
    if (!taken.group.positions.empty()) parts_.store.set_position(taken.group.positions[taken.next]);
    ++staged_;
  }
  return true;
}

void Engine::handle_arrival(const Arrival& arrival) {
  if (const auto* letter = std::get_if<DeadLetter>(&arrival)) {
    parts_.metrics.dead_letters.Increment();
    parts_.store.append_dead_letter(*letter);
    return;
  }
  const auto& event = std::get<rules::Event>(arrival);
  parts_.metrics.events.Increment();
  const bool moves = parts_.clock.moved_by_events();
  const auto handled = moves ? processor_.handle(event) : processor_.handle_now(event);
  if (handled == Processor::Handled::duplicate) {
    parts_.metrics.duplicates.Increment();
  } else {
    parts_.outbox.outcome_told(event, processor_);
    parts_.outbox.lead_changed(event.lead);
  }
  if (moves) parts_.clock.move_to(processor_.clock());
}

/// When the event is handled. Where time passes by itself, an emitter whose clock is fast must not move ours: what is
/// due in the minutes between would be done, and leave, before its time. A duplicate moves no clock at all.
Instant Engine::instant_of(const rules::Event& event) {
  if (!parts_.clock.moved_by_events() || processor_.is_duplicate(event)) return processor_.clock();
  return processor_.instant_of(event);
}

/// Only events move the clock in events mode, and only when nothing that happens at the present instant is under way:
/// so a replay decides like the simulator, whatever connectors take. What was published is followed at its own instant.
bool Engine::may_move_to(Instant instant) const {
  return !parts_.clock.moved_by_events() || instant <= processor_.clock() ||
         (parts_.outbox.idle() && !walk_ && !resume_walk_);
}

/// Does the work due strictly before `instant`, as it would have been done in time. False when it must go on later.
bool Engine::work_before(Instant instant) {
  while (true) {
    const auto wake = parts_.store.next_wake();
    const Instant due = wake ? wake->at : Instant::never();
    const Instant release = parts_.outbox.next_release().value_or(Instant::never());
    const Instant next = std::min(due, release);
    if (next >= instant) break;
    if (staged_ >= kMaxStaged || !may_move_to(next)) return false;
    if (release <= due) {
      processor_.advance(release);
      parts_.outbox.release(release);
      if (parts_.clock.moved_by_events()) return false;  // the gate is asked before the clock goes on
      continue;
    }
    if (parts_.clock.moved_by_events() && parts_.outbox.busy_with(wake->lead)) return false;
    const bool late = !parts_.clock.moved_by_events() && parts_.clock.now() - due > parts_.clock.grace();
    processor_.do_next_due(due, late ? parts_.clock.now() : Instant::earliest());
    parts_.outbox.lead_changed(wake->lead);
    ++staged_;
  }
  return may_move_to(instant);
}

/// False when there is more than one commit should hold.
bool Engine::do_due_work() {
  if (parts_.clock.moved_by_events()) return true;
  const Instant now = parts_.clock.now();
  if (!work_before(now + Duration{1})) {
    schedule_turn();
    return false;
  }
  processor_.advance(now);
  return true;
}

bool Engine::commit() {
  // Alone the clock is not worth a write: what it protects is the order of records, and there is none.
  if (staged_ > 0 && processor_.clock() != committed_clock_) {
    committed_clock_ = processor_.clock();
    parts_.store.set_position({kClockPosition, committed_clock_.ms});
  }
  const auto start = std::chrono::steady_clock::now();
  const auto committed = parts_.store.commit();
  for (ArrivalGroup& group : to_answer_) {
    if (group.done) group.done(committed.has_value());
  }
  to_answer_.clear();
  if (!committed) {
    fail(committed.error().message);
    return false;
  }
  if (staged_ > 0) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    parts_.metrics.commits.Increment();
    parts_.metrics.commit_seconds.Observe(took.count());
    parts_.metrics.batch_decisions.Observe(static_cast<double>(staged_));
  }
  staged_ = 0;
  const OutboxStatistics& now = parts_.outbox.statistics();
  parts_.metrics.attempts.Increment(static_cast<double>(now.started - counted_.started));
  parts_.metrics.attempts_unknown.Increment(static_cast<double>(now.unknown - counted_.unknown));
  parts_.metrics.cancelled.Increment(static_cast<double>(now.cancelled - counted_.cancelled));
  counted_ = now;
  parts_.metrics.halts.Set(static_cast<double>(parts_.store.operations().halts.size()));
  parts_.metrics.guardrails_tripped.Set(static_cast<double>(parts_.store.operations().trips()));
  parts_.metrics.queued.Set(static_cast<double>(queued()));
  parts_.metrics.outbox_ready.Set(static_cast<double>(parts_.outbox.ready()));
  parts_.metrics.outbox_under_way.Set(static_cast<double>(parts_.outbox.under_way()));
  parts_.metrics.outbox_parked.Set(static_cast<double>(parts_.outbox.parked()));
  return true;
}

/// Goes on at once when there is more to do, else when something is due; ends when stopping and drained.
void Engine::arm_timer() {
  const bool waits_for_calls = parts_.clock.moved_by_events() && !parts_.outbox.idle();
  // A group that was taken and cannot go on waits for a result; a new one may be able to.
  const auto can_go_on = [&](const Door& door) { return door.taken ? !waits_for_calls : door.queue.size() > 0; };
  const auto set_back = parts_.clock.behind(processor_.clock());
  const bool can_start = !stopping_ && !hold_ && set_back.count() == 0 && parts_.outbox.has_startable();
  const bool can_walk = (walk_ || resume_walk_) && !stopping_;
  if (can_go_on(requests_) || can_go_on(inputs_) || can_start || can_walk) {
    schedule_turn();
    return;
  }
  if (stopping_) {
    const auto now = std::chrono::steady_clock::now();
    drain_until_ = std::min(drain_until_, now + drain_);
    if (parts_.outbox.under_way() == 0 || now >= drain_until_) {
      work_guard_.reset();
      context_.stop();
      return;
    }
  }
  auto wait = std::chrono::milliseconds(stopping_ || hold_ ? 50 : 60'000);
  if (!parts_.clock.moved_by_events()) {
    if (const auto due = processor_.next_due()) wait = std::min(wait, parts_.clock.until(*due));
    if (const auto release = parts_.outbox.next_release()) wait = std::min(wait, parts_.clock.until(*release));
  }
  if (set_back.count() > 0) wait = std::min(wait, set_back);
  const auto start = hold_ || stopping_ || set_back.count() > 0 ? std::nullopt : parts_.outbox.next_start();
  if (start) wait = std::min(wait, *start);
  timer_.expires_after(std::max(wait, std::chrono::milliseconds(1)));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) schedule_turn();
  });
}

void Engine::fail(const std::string& why) {
  failure_ = why;
  for (ArrivalGroup& group : to_answer_) {
    if (group.done) group.done(false);
  }
  to_answer_.clear();
  work_guard_.reset();
  context_.stop();
}

// --- Other threads ------------------------------------------------------------------------------------------------

void Engine::finished(DeliveryResult result) {
  {
    const std::lock_guard lock(mutex_);
    results_.push_back(std::move(result));
  }
  wake();
}

bool Engine::call(const std::function<void()>& job) {
  std::packaged_task<void()> task(job);
  auto done = task.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    jobs_.push_back(std::move(task));
  }
  wake();
  try {
    done.get();
  } catch (const std::future_error&) {
    return false;  // the loop ended first
  }
  return true;
}

bool Engine::call_durably(const std::function<bool()>& job) {
  bool staged = false;
  const bool ran = call([&] {
    staged = job();
    if (!staged) return;
    ++staged_;
    schedule_turn();
  });
  // Jobs run after the commit of their turn: when another one has run, what this one staged is durable.
  return ran && (!staged || call([] {}));
}

void Engine::run_jobs() {
  std::vector<std::packaged_task<void()>> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(jobs_);
  }
  if (ended_) return;  // dropping a task breaks its promise
  for (auto& job : jobs) job();
}

std::optional<std::int64_t> Engine::position(const std::string& input) {
  std::optional<std::int64_t> found;
  call([&] { found = parts_.store.position(input); });
  return found;
}

SubmitResult Engine::submit(std::vector<Arrival> arrivals) {
  auto promise = std::make_shared<std::promise<bool>>();
  auto durable = promise->get_future();
  ArrivalGroup group{std::move(arrivals), {}, [promise](bool done) { promise->set_value(done); }};
  const int retry_after = static_cast<int>((settings_.retry_after.ms + 999) / 1000);
  switch (requests_.queue.push(group)) {
    case ArrivalQueue::Push::full:
      parts_.metrics.refused.Increment();
      return {SubmitResult::Kind::full, retry_after};
    case ArrivalQueue::Push::closed:
      return {SubmitResult::Kind::closing, retry_after};
    case ArrivalQueue::Push::taken:
      break;
  }
  return {durable.get() ? SubmitResult::Kind::durable : SubmitResult::Kind::failed, retry_after};
}

std::optional<std::string> Engine::lead_json(const rules::LeadId& id) {
  std::optional<std::string> json;
  call([&] {
    if (const rules::LeadState* lead = parts_.store.find_lead(id); lead && lead->known) {
      json = engine::lead_json(*lead, parts_.store.timeline(id, kTimelineLines), processor_.clock());
    }
  });
  return json;
}

std::optional<std::string> Engine::why_json(const rules::LeadId& id) {
  std::optional<LeadExplanation> made;
  call([&] {
    if (const rules::LeadState* lead = parts_.store.find_lead(id); lead && lead->known) {
      made = explain_lead(*lead, parts_.store.timeline(id, kTimelineLines), parts_.rulebook, parts_.store,
                          processor_.clock());
    }
  });
  if (!made) return std::nullopt;
  return engine::why_json(*made, settings_.playbooks.empty() ? nullptr : &places_);
}

std::string Engine::ledger_lines(std::uint64_t from, std::size_t limit) {
  std::string lines;
  call([&] {
    for (const auto& [seq, line] : parts_.store.ledger_lines(from, limit)) {
      const auto lead = parts_.store.resolve_subject(rules::SubjectId(std::string(subject_of(line))));
      lines += lead ? with_lead(line, lead->value) : line;
      lines.push_back('\n');
    }
  });
  return lines;
}

bool Engine::ready(std::string& why) {
  if (stopping_ || ended_) {
    why = "the engine is stopping";
    return false;
  }
  return true;
}

Instant Engine::now() { return parts_.clock.now(); }

std::optional<Instant> Engine::arrival_clock() {
  if (parts_.clock.moved_by_events()) return std::nullopt;
  return now();
}

}  // namespace relance::engine
