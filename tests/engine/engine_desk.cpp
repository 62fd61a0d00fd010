#include "tests/engine/engine_desk.h"

#include <chrono>
#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace relance::tests {

using engine::ActionKind;
using engine::AttemptResult;
using engine::ClockConfig;
using engine::Engine;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 30s;

class DeskConnector final : public engine::Connector {
 public:
  DeskConnector(OtherSide& other_side, bool idempotent) : other_side_(other_side), idempotent_(idempotent) {}
  std::string_view name() const override { return "desk"; }
  bool idempotent() const override { return idempotent_; }
  int concurrency() const override { return 4; }
  AttemptResult deliver(const engine::Action& action, int attempt) override {
    return other_side_.deliver(action, attempt);
  }

 private:
  OtherSide& other_side_;
  const bool idempotent_;
};

engine::TemplateSet mail_template(const std::filesystem::path& folder) {
  std::ofstream(folder / "mail.en.txt") << "Subject: Hello\n\nHello {{lead.name}}\n";
  auto templates = engine::TemplateSet::load(folder, "en");
  REQUIRE(templates.has_value());
  return std::move(*templates);
}

}  // namespace

AttemptResult answer_of(AttemptResult::Kind kind, std::string outcome) {
  AttemptResult result;
  result.kind = kind;
  result.outcome = std::move(outcome);
  return result;
}

void OtherSide::answers(Answer answer) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
}

void OtherSide::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void OtherSide::release() {
  {
    const std::lock_guard lock(mutex_);
    held_ = false;
  }
  changed_.notify_all();
}

AttemptResult OtherSide::deliver(const engine::Action& action, int attempt) {
  std::unique_lock lock(mutex_);
  const Call call = calls_.emplace_back(Call{action, attempt});
  changed_.notify_all();
  changed_.wait(lock, [this] { return !held_; });
  const Answer answer = answer_;
  lock.unlock();  // an answer may take as long as the test wants, and others go on meanwhile
  return answer ? answer(call) : answer_of(AttemptResult::Kind::accepted, "completed");
}

std::size_t OtherSide::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

OtherSide::Call OtherSide::call(std::size_t index) const {
  const std::lock_guard lock(mutex_);
  REQUIRE(index < calls_.size());
  return calls_[index];
}

bool OtherSide::wait_for_calls(std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return calls_.size() >= count; });
}

/// Members in the order in which the daemon makes them, after what the pool's threads use to their end.
struct EngineDesk::Life {
  explicit Life(const ClockConfig& config, engine::EngineClock::Sources sources) : clock(config, std::move(sources)) {}

  std::mutex mutex;  // of the next three
  std::condition_variable changed;
  std::size_t finished = 0;
  bool dead = false;

  engine::EngineClock clock;
  engine::EngineMetrics metrics;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<engine::ConnectorPool> pool;
  std::unique_ptr<engine::Outbox> outbox;
  std::thread thread;
};

Given arrives(const std::string& at, const std::string& lead) {
  return {at, lead, "lead.created", "'name':'Ada','email':'ada@example.org'"};
}
Given opts_out(const std::string& at, const std::string& lead) { return {at, lead, "optout.received"}; }

EngineDesk::EngineDesk(DeskSettings settings)
    : settings_(std::move(settings)),
      rulebook_(std::make_shared<const rules::Rulebook>(rulebook_of(settings_.playbooks, settings_.house))),
      clock_(instant(settings_.begins).ms) {}

EngineDesk::~EngineDesk() {
  other_side_.release();
  if (life_) end();
}

void EngineDesk::begin(const std::function<void(Engine&)>& before_run) {
  const ClockConfig config{settings_.clock, instant(settings_.begins), 1};
  engine::EngineClock::Sources sources;
  sources.wall = [this] { return rules::Instant{clock_}; };
  sources.real = [this] { return engine::EngineClock::Real::time_point(std::chrono::milliseconds(clock_)); };
  life_ = std::make_unique<Life>(config, std::move(sources));
  Life& life = *life_;
  life.pool = std::make_unique<engine::ConnectorPool>(
      std::make_unique<DeskConnector>(other_side_, settings_.idempotent), [&life](engine::DeliveryResult result) {
        const std::lock_guard lock(life.mutex);
        if (!life.dead) life.engine->finished(std::move(result));
        ++life.finished;
        life.changed.notify_all();
      });
  engine::Outbox::Parts parts{*store_,
                              engine::ActionBuilder(mail_template(templates_.path()), {}),
                              {5, rules::Duration{60'000}, rules::Duration{3'600'000}, 0},
                              {}};
  for (const ActionKind kind : {ActionKind::email, ActionKind::call, ActionKind::social, ActionKind::sms,
                                ActionKind::task, ActionKind::escalate}) {
    parts.routes[kind] = {life.pool.get(), false, 0};
  }
  life.outbox = std::make_unique<engine::Outbox>(std::move(parts));
  engine::EngineSettings engine_settings{{settings_.queue, settings_.batch, rules::kDay}, rules::Duration{2500}};
  life.engine = std::make_unique<Engine>(Engine::Parts{*store_, rulebook_, life.clock, life.metrics, *life.outbox},
                                         engine_settings);
  if (before_run) before_run(*life.engine);
  life.thread = std::thread([&life] {
    const auto ran = life.engine->run(60s);
    CHECK_MESSAGE(ran.has_value(), (ran ? std::string() : ran.error()));
  });
}

void EngineDesk::end() {
  life_->engine->stop();
  life_->thread.join();
  life_.reset();
  store_.reopen();
}

void EngineDesk::crash() {
  {
    const std::lock_guard lock(life_->mutex);
    life_->dead = true;
  }
  life_->engine->context().stop();
  life_->thread.join();
  other_side_.release();
  life_.reset();
  store_.reopen();
}

Engine& EngineDesk::engine() { return *life_->engine; }

void EngineDesk::set_clock(std::string_view at) {
  clock_ = instant(at).ms;
  if (life_) settle();
}

engine::SubmitResult EngineDesk::submit(const Given& given) { return engine().submit({event_of(given)}); }

void EngineDesk::submit_leads(int count, const std::string& at) {
  std::vector<engine::Arrival> arrivals;
  for (int i = 0; i < count; ++i) {
    const std::string lead = "L-" + std::to_string(i);
    arrivals.emplace_back(tests::event_of({at, lead, "lead.created", {}, "created-" + lead}));
  }
  REQUIRE(engine().submit(std::move(arrivals)).kind == engine::SubmitResult::Kind::durable);
}

void EngineDesk::push(const Given& given) {
  engine::ArrivalGroup group;
  group.arrivals.emplace_back(event_of(given));
  REQUIRE(engine().arrivals().push(group) == engine::ArrivalQueue::Push::taken);
}

void EngineDesk::settle() {
  // A job runs at the end of a turn, perhaps of one that began before: what was due then is started in the next.
  for (int turn = 0; turn < 4; ++turn) REQUIRE(engine().call([] {}));
}

void EngineDesk::settle_after(std::size_t finished_calls) {
  {
    std::unique_lock lock(life_->mutex);
    REQUIRE(life_->changed.wait_for(lock, kPatience, [&] { return life_->finished >= finished_calls; }));
  }
  settle();
}

std::shared_ptr<const rules::Rulebook> EngineDesk::following(const std::vector<std::string>& playbooks) const {
  rules::Rulebook next = rulebook_of(playbooks, settings_.house);
  next.keep_revisions_of(*rulebook_);
  return std::make_shared<const rules::Rulebook>(std::move(next));
}

std::optional<engine::InFlightTally> EngineDesk::publish(const std::vector<std::string>& playbooks) {
  rulebook_ = following(playbooks);
  return engine().publish({rulebook_, mail_template(templates_.path()), {"publish", "ops"}});
}

engine::InFlightTally EngineDesk::preview(const std::vector<std::string>& playbooks) {
  const auto tally = engine().count_in_flight(*following(playbooks));
  REQUIRE(tally.has_value());
  return *tally;
}

void EngineDesk::change_folder(const std::vector<std::string>& playbooks) { rulebook_ = following(playbooks); }

std::size_t EngineDesk::ask(const std::function<std::size_t(engine::Outbox&)>& question) {
  std::size_t answer = 0;
  REQUIRE(engine().call([&] { answer = question(*life_->outbox); }));
  return answer;
}
std::size_t EngineDesk::ready() {
  return ask([](engine::Outbox& outbox) { return outbox.ready(); });
}
std::size_t EngineDesk::under_way() {
  return ask([](engine::Outbox& outbox) { return outbox.under_way(); });
}
std::size_t EngineDesk::parked() {
  return ask([](engine::Outbox& outbox) { return outbox.parked(); });
}

rules::ActionId EngineDesk::parked_action() {
  const auto list = engine().parked_json(10);
  REQUIRE(list.has_value());
  const auto parked = nlohmann::json::parse(*list)["parked"];
  REQUIRE(parked.size() == 1);
  return rules::ActionId(parked[0]["action"].get<std::string>());
}

engine::ReleaseAnswer EngineDesk::release(const rules::ActionId& action, engine::ParkedDecision decision) {
  return engine().release({action, decision, "grace", "looked it up in the server's log"});
}

std::string EngineDesk::story(std::string_view lead) {
  std::string out;
  const std::string ledger = engine().ledger_lines(0, 100'000);
  for (std::size_t begin = 0; begin < ledger.size();) {
    const std::size_t end = ledger.find('\n', begin);
    const auto line = nlohmann::json::parse(ledger.substr(begin, end - begin));
    begin = end + 1;
    if (line.value("lead", "") != lead) continue;
    out += short_text(*rules::parse_rfc3339(line["at"].get<std::string>())) + " " + line["type"].get<std::string>();
    for (const char* member : {"step", "rule", "outcome", "reason"}) {
      if (line.contains(member)) out += " " + line[member].get<std::string>();
    }
    out += "\n";
  }
  return out;
}

}  // namespace relance::tests
