// relance emit: sends a file of events to a daemon.

#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "engine/app/api_client.h"
#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/intake/event_reader.h"
#include "engine/intake/jsonl_reader.h"

namespace relance::app {

namespace {

struct EmitArguments {
  std::string file;
  ApiOptions api;
  bool follow_clock = false;
  int batch = 500;
};

class Emitter {
 public:
  explicit Emitter(const EmitArguments& arguments) : arguments_(arguments), client_(arguments.api) {}

  /// False, with the reason in problem(), when the daemon cannot take it.
  bool take(const engine::JsonlLine& line) {
    if (arguments_.follow_clock) {
      const auto event = reader_.read(line.text, std::nullopt);
      if (event && !wait_until(event->time)) return false;
      return send(std::string(line.text), false, 1);
    }
    batch_ += batch_.empty() ? "[" : ",";
    // A line that is no JSON would spoil its batch; alone it becomes a dead letter.
    if (!reader_.read(line.text, std::nullopt)) {
      batch_.pop_back();
      return flush() && send(std::string(line.text), false, 1);
    }
    batch_ += line.text;
    return ++waiting_ < arguments_.batch || flush();
  }

  bool flush() {
    if (waiting_ == 0) {
      batch_.clear();
      return true;
    }
    const bool sent = send(batch_ + "]", true, waiting_);
    batch_.clear();
    waiting_ = 0;
    return sent;
  }

  const std::string& problem() const { return problem_; }
  std::int64_t sent() const { return sent_; }
  std::int64_t refused() const { return refused_; }

 private:
  /// Polls the engine's clock, which may run faster than the machine's.
  bool wait_until(rules::Instant time) {
    while (true) {
      const auto clock = client_.clock();
      if (!clock) {
        problem_ = clock.error();
        return false;
      }
      if (*clock >= time) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  bool send(const std::string& body, bool batch, std::int64_t count) {
    const auto answer = client_.post_events(body, batch);
    if (!answer) {
      problem_ = answer.error();
    } else if (answer->status == 202) {
      sent_ += count;
    } else if (answer->status == 400 && !batch) {
      ++refused_;
      std::cerr << "relance emit: not taken: " << answer->body << "\n";
    } else {
      problem_ = refusal_text(*answer);
    }
    return problem_.empty();
  }

  const EmitArguments& arguments_;
  ApiClient client_;
  engine::EventReader reader_;
  std::string batch_;
  std::int64_t waiting_ = 0;
  std::int64_t sent_ = 0;
  std::int64_t refused_ = 0;
  std::string problem_;
};

int emit(const EmitArguments& arguments) {
  Emitter emitter(arguments);
  const auto read =
      engine::for_each_line(arguments.file, 0, [&](const engine::JsonlLine& line) { return emitter.take(line); });
  if (!read) return fail("emit", read.error().message);
  if (emitter.problem().empty()) emitter.flush();
  if (!emitter.problem().empty())
    return fail("emit", emitter.problem() + "; sending the file again is safe, nothing counts twice");
  std::cerr << emitter.sent() << " events are durable, " << emitter.refused() << " became dead letters\n";
  return 0;
}

}  // namespace

void add_emit(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<EmitArguments>();
  auto* command = app.add_subcommand("emit", "Send a file of events to a daemon");
  command->add_option("file", arguments->file, "CloudEvents, one JSON object a line")->required();
  arguments->api.add_to(*command);
  command->add_flag("--follow-clock", arguments->follow_clock, "Each event when the daemon's clock reaches its time");
  command->add_option("--batch", arguments->batch, "Events of one request, default 500")->check(CLI::Range(1, 10'000));
  command->callback([arguments, &exit_code] { exit_code = emit(*arguments); });
}

}  // namespace relance::app
