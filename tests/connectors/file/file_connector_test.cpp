#include "connectors/file/file_connector.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>
#include <vector>

namespace relance::connectors {
namespace {

namespace fs = std::filesystem;
using engine::Action;
using engine::ActionKind;
using engine::AttemptResult;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "relance-file-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path file() const { return path_ / "actions.jsonl"; }

 private:
  fs::path path_;
};

Action action(const std::string& id, ActionKind kind = ActionKind::email) {
  Action made;
  made.id = rules::ActionId(id);
  made.kind = kind;
  made.lead = rules::LeadId("L-" + id);
  return made;
}

FileSettings settings(const Folder& folder) {
  FileSettings made;
  made.path = folder.file();
  return made;
}

std::unique_ptr<FileConnector> opened(const FileSettings& with) {
  auto connector = FileConnector::open(with);
  if (!connector) FAIL(connector.error());
  return *std::move(connector);
}

std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string line(const std::string& id) { return to_cloud_event(action(id)) + "\n"; }

TEST_CASE("an action is one line, and delivering it again appends nothing") {
  const Folder folder;
  const auto connector = opened(settings(folder));
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const AttemptResult result = connector->deliver(action("a1"), attempt);
    CHECK(result.kind == AttemptResult::Kind::accepted);
    CHECK(result.outcome == "sent");
  }
  CHECK(connector->deliver(action("a2"), 1).kind == AttemptResult::Kind::accepted);
  CHECK(content(folder.file()) == line("a1") + line("a2"));
}

TEST_CASE("what was in the file before a restart is not appended again") {
  const Folder folder;
  std::string expected;
  {
    const auto connector = opened(settings(folder));
    for (int number = 0; number < 300; ++number) {
      const std::string id = "id-" + std::to_string(number);
      Action long_one = action(id);
      if (number % 100 == 0) long_one.email.text = std::string(400'000, 'x');  // longer than a chunk of the reader
      REQUIRE(connector->deliver(long_one, 1).kind == AttemptResult::Kind::accepted);
      expected += to_cloud_event(long_one) + "\n";
    }
  }
  const auto connector = opened(settings(folder));
  CHECK(connector->file().actions() == 300);
  for (int number = 0; number < 300; ++number) {
    CHECK(connector->deliver(action("id-" + std::to_string(number)), 2).kind == AttemptResult::Kind::accepted);
  }
  CHECK(content(folder.file()) == expected);
}

TEST_CASE("a last line that a crash tore is cut off, and its action is written whole") {
  const Folder folder;
  for (const std::size_t torn : {std::size_t{1}, std::size_t{40}, line("a2").size() - 1}) {
    std::ofstream(folder.file(), std::ios::binary | std::ios::trunc) << line("a1") << line("a2").substr(0, torn);
    const auto connector = opened(settings(folder));
    CHECK(connector->file().repaired_bytes() == torn);
    CHECK(connector->file().actions() == 1);
    CHECK(content(folder.file()) == line("a1"));
    CHECK(connector->deliver(action("a2"), 2).kind == AttemptResult::Kind::accepted);
    CHECK(content(folder.file()) == line("a1") + line("a2"));
  }
}

TEST_CASE("lines of somebody else are left alone") {
  const Folder folder;
  std::ofstream(folder.file(), std::ios::binary) << "\n# a note\n" << line("a1") << "{\"id\":\"a2\"}\n";
  const auto connector = opened(settings(folder));
  CHECK(connector->file().actions() == 1);
  CHECK(connector->deliver(action("a2"), 1).kind == AttemptResult::Kind::accepted);
  CHECK(content(folder.file()) == "\n# a note\n" + line("a1") + "{\"id\":\"a2\"}\n" + line("a2"));
}

TEST_CASE("outcomes are the simulator's, unless another is set or a later event tells") {
  const Folder folder;
  const auto outcome = [&](FileSettings with, ActionKind kind) {
    return opened(with)->deliver(action("x", kind), 1).outcome;
  };
  CHECK(outcome(settings(folder), ActionKind::call) == "no_answer");
  CHECK(outcome(settings(folder), ActionKind::task) == "completed");
  CHECK(outcome(settings(folder), ActionKind::escalate).empty());
  FileSettings waiting = settings(folder);
  waiting.complete = false;
  CHECK(outcome(waiting, ActionKind::email).empty());
  FileSettings connected = settings(folder);
  connected.outcome = "connected";
  CHECK(outcome(connected, ActionKind::call) == "connected");
  CHECK(outcome(connected, ActionKind::cancel).empty());
}

TEST_CASE("connectors that share a file never write an action twice, nor mix lines") {
  const Folder folder;
  const auto first = opened(settings(folder));
  const auto second = opened(settings(folder));
  std::vector<std::thread> threads;
  for (FileConnector* connector : {first.get(), second.get()}) {
    threads.emplace_back([connector] {
      for (int number = 0; number < 200; ++number) (void)connector->deliver(action("id-" + std::to_string(number)), 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::istringstream lines(content(folder.file()));
  int count = 0;
  for (std::string one; std::getline(lines, one); ++count) CHECK(engine::action_from_cloud_event(one).has_value());
  CHECK(count == 200);
}

TEST_CASE("a file that cannot be used is an error that says why") {
  const Folder folder;
  FileSettings with = settings(folder);
  with.path = folder.file().parent_path();
  CHECK_FALSE(FileConnector::open(with).has_value());
  with.path = folder.file() / "deeper";
  CHECK_FALSE(FileConnector::open(with).has_value());
  with.path = "/dev/null";
  REQUIRE_FALSE(FileConnector::open(with).has_value());
  CHECK(FileConnector::open(with).error() == "/dev/null is not a regular file");
}

TEST_CASE("another process that has the file open keeps us out") {
  const Folder folder;
  int ready[2];
  int done[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(done) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto connector = FileConnector::open(settings(folder));
    char byte = connector.has_value() ? '1' : '0';
    if (::write(ready[1], &byte, 1) != 1 || ::read(done[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(0);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(byte == '1');
  const auto second = FileConnector::open(settings(folder));
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().ends_with("is in use by another process"));
  REQUIRE(::write(done[1], "x", 1) == 1);
  ::waitpid(child, nullptr, 0);
  CHECK(FileConnector::open(settings(folder)).has_value());
  for (const int descriptor : {ready[0], ready[1], done[0], done[1]}) ::close(descriptor);
}

TEST_CASE("a full disk means again later, and leaves no half line") {
  const Folder folder;
  const auto connector = opened(settings(folder));
  REQUIRE(connector->deliver(action("a1"), 1).kind == AttemptResult::Kind::accepted);
  // A limit on the size of files stands for the full disk.
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = line("a1").size() + 10;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const AttemptResult full = connector->deliver(action("a2"), 1);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK(full.kind == AttemptResult::Kind::retry);
  CHECK(content(folder.file()) == line("a1"));
  CHECK(connector->deliver(action("a2"), 2).kind == AttemptResult::Kind::accepted);
  CHECK(content(folder.file()) == line("a1") + line("a2"));
}

TEST_CASE("the file holds personal data: only its owner can read it") {
  const Folder folder;
  const auto connector = opened(settings(folder));
  struct stat status {};
  REQUIRE(::stat(folder.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
}

}  // namespace
}  // namespace relance::connectors
