#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "rules/loader.h"
#include "rules/owners.h"

namespace relance::rules {
namespace {

namespace fs = std::filesystem;

std::string playbook_named(const std::string& id, const std::string& more = "") {
  return "playbook: " + id + "\n" + more + "steps: [{ id: hello, day: 0, channel: email }]\n";
}

/// A folder that is gone at the end of the test.
class Folder {
 public:
  Folder() {
    static std::atomic<int> count{0};
    path_ = fs::temp_directory_path() /
            ("relance-loader-" + std::to_string(::getpid()) + "-" + std::to_string(count.fetch_add(1)));
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  const Folder& write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return *this;
  }
  const fs::path& path() const { return path_; }

  /// The ids that load, in the rulebook's order; or `rule:file` of every finding.
  std::vector<std::string> load() const {
    std::vector<std::string> found;
    const auto rulebook = load_folder(path_);
    if (rulebook) {
      for (const auto& playbook : rulebook->current()) found.emplace_back(playbook->id.value);
    } else {
      for (const Finding& finding : rulebook.error()) {
        found.push_back(finding.rule + ":" +
                        fs::path(finding.position.file).lexically_relative(path_).generic_string());
      }
    }
    return found;
  }

 private:
  fs::path path_;
};

using Names = std::vector<std::string>;

TEST_CASE("a folder is loaded with its sub-folders, but for what the language leaves out") {
  Folder folder;
  folder.write("a.yaml", playbook_named("a"))
      .write("fr/b.yaml", playbook_named("b"))
      .write("fr/deeper/c.yaml", playbook_named("c"))
      .write("a.test.yaml", "no playbook")
      .write("policies/fr.yaml", "no playbook")
      .write("templates/x.yaml", "no playbook")
      .write("fr/templates/x.yaml", "no playbook")
      .write(".hidden.yaml", "no playbook")
      .write(".git/x.yaml", "no playbook")
      .write("notes.md", "no playbook");
  CHECK(folder.load() == Names{"a", "b", "c"});
}

TEST_CASE("the house's zone and caps are every playbook's") {
  Folder folder;
  folder.write("house.yaml", "zone: Europe/Paris\ncaps: [{ channel: sms, max: 1, per: week }]\n")
      .write("a.yaml", playbook_named("a"))
      .write("fr/b.yaml", playbook_named("b", "caps: [{ max: 5, per: day }]\n"));
  const auto rulebook = load_folder(folder.path());
  REQUIRE(rulebook);
  CHECK(rulebook->house().zone.name() == "Europe/Paris");
  CHECK(rulebook->house().caps.size() == 1);
  CHECK(rulebook->find(PlaybookId("a"))->fallback_zone.name() == "Europe/Paris");
  CHECK(rulebook->find(PlaybookId("b"))->caps.size() == 2);
}

namespace {

std::string pack_named(const std::string& id, int max = 4) {
  return "id: " + id +
         "\nrev: 1\nmatch: { jurisdiction: FR }\nsources: [a law]\nrules: [{ id: calls, attempts: { max: " +
         std::to_string(max) + ", per: 60d } }]\n";
}

Names packs_of(const Rulebook& rulebook) {
  Names ids;
  for (const auto& pack : rulebook.house().policies) ids.push_back(pack->id);
  return ids;
}

}  // namespace

TEST_CASE("packs are those that the house names, then those of the configuration, each once") {
  Folder folder;
  folder.write("a.yaml", playbook_named("a"))
      .write("house.yaml", "policies: [uk, fr]\n")
      .write("policies/fr.yaml", pack_named("fr"))
      .write("policies/uk.yaml", pack_named("uk"))
      .write("policies/us.yaml", pack_named("us"))
      .write("policies/draft.yaml", "no pack yet");
  const auto rulebook = load_folder(folder.path(), {{"us", "fr"}});
  REQUIRE(rulebook);
  CHECK(packs_of(*rulebook) == Names{"uk", "fr", "us"});
  CHECK(rulebook->longest_cap_period() == kDay * 60);

  const auto refused = load_folder(folder.path(), {{"fra", "../a", "draft"}});
  REQUIRE_FALSE(refused);
  std::string text;
  for (const Finding& finding : refused.error()) text += to_string(finding);
  CHECK(text.find("did you mean `fr`?") != std::string::npos);
  CHECK(text.find("expected the id of a pack such as `fr`, got `../a`") != std::string::npos);
  CHECK(text.find("draft.yaml:1:1: error") != std::string::npos);
}

TEST_CASE("a pack's name tells its content, and no playbook's revision depends on it") {
  const auto load = [](int max) {
    Folder folder;
    folder.write("a.yaml", playbook_named("a"))
        .write("house.yaml", "policies: [fr]\n")
        .write("policies/fr.yaml", pack_named("fr", max));
    auto rulebook = load_folder(folder.path());
    REQUIRE(rulebook);
    return std::move(*rulebook);
  };
  const Rulebook four = load(4);
  const Rulebook three = load(3);
  CHECK(four.house().policies[0]->name != three.house().policies[0]->name);
  CHECK(four.house().policies[0]->name == load(4).house().policies[0]->name);
  CHECK(four.find(PlaybookId("a"))->revision == three.find(PlaybookId("a"))->revision);
}

TEST_CASE("a folder that is missing, a file or empty is an error") {
  Folder folder;
  CHECK(folder.load() == Names{"no-playbook:."});
  folder.write("a.yaml", playbook_named("a"));
  CHECK_FALSE(load_folder(folder.path() / "missing"));
  CHECK_FALSE(load_folder(folder.path() / "a.yaml"));
  CHECK(load_folder(folder.path() / "missing").error()[0].rule == "no-folder");
}

TEST_CASE("one bad file makes the folder bad, and all bad files are named in order") {
  Folder folder;
  folder.write("c.yaml", playbook_named("C")).write("a.yaml", "").write("b/x.yaml", playbook_named("x"));
  CHECK(folder.load() == Names{"empty-document:a.yaml", "bad-id:c.yaml"});
}

TEST_CASE("the same id twice names both places, whatever the order of the files") {
  Folder folder;
  folder.write("z.yaml", playbook_named("same")).write("m/a.yaml", playbook_named("same"));
  const auto rulebook = load_folder(folder.path());
  REQUIRE_FALSE(rulebook);
  REQUIRE(rulebook.error().size() == 1);
  const Finding& finding = rulebook.error()[0];
  CHECK(finding.rule == "duplicate-id");
  CHECK(fs::path(finding.position.file).filename() == "z.yaml");
  CHECK(finding.text.find("m/a.yaml:1") != std::string::npos);
  CHECK(finding.source_line == "playbook: same");
}

TEST_CASE("what a file is called changes neither order nor revision") {
  Folder one;
  one.write("1.yaml", playbook_named("a", "priority: 9\n")).write("2.yaml", playbook_named("b"));
  Folder other;
  other.write("x/2.yaml", playbook_named("a", "priority: 9\n")).write("1.yaml", playbook_named("b"));
  CHECK(one.load() == Names{"b", "a"});
  CHECK(other.load() == Names{"b", "a"});
  CHECK(load_folder(one.path())->find(PlaybookId("a"))->revision ==
        load_folder(other.path())->find(PlaybookId("a"))->revision);
}

TEST_CASE("house.yaml below the top, and .yml, are mistakes that would go unseen") {
  Folder folder;
  folder.write("a.yaml", playbook_named("a")).write("fr/house.yaml", "{}").write("b.yml", playbook_named("b"));
  CHECK(folder.load() == Names{"file-name:b.yml", "house-place:fr/house.yaml"});
}

TEST_CASE("links inside the folder are followed, links out of it and to folders are not") {
  Folder outside;
  outside.write("secret.yaml", playbook_named("secret"));
  Folder folder;
  folder.write(".store/a.yaml", playbook_named("a"));
  fs::create_symlink(".store/a.yaml", folder.path() / "a.yaml");  // as a mounted ConfigMap does
  CHECK(folder.load() == Names{"a"});
  fs::create_symlink(outside.path() / "secret.yaml", folder.path() / "b.yaml");
  CHECK(folder.load() == Names{"symbolic-link:b.yaml"});
  fs::remove(folder.path() / "b.yaml");
  fs::create_symlink("nowhere.yaml", folder.path() / "c.yaml");
  CHECK(folder.load() == Names{"symbolic-link:c.yaml"});
  fs::remove(folder.path() / "c.yaml");
  fs::create_directory_symlink(".", folder.path() / "loop");
  CHECK(folder.load() == Names{"symbolic-link:loop"});
}

TEST_CASE("the folder itself may be a link") {
  Folder folder;
  folder.write("real/a.yaml", playbook_named("a"));
  fs::create_directory_symlink("real", folder.path() / "current");
  CHECK(load_folder(folder.path() / "current").has_value());
}

TEST_CASE("a file over 1 MiB is refused without reading it whole") {
  Folder folder;
  folder.write("a.yaml", "#" + std::string(1024 * 1024, ' ') + "\n" + playbook_named("a"));
  CHECK(folder.load() == Names{"too-large:a.yaml"});
}

TEST_CASE("a named pipe is refused, not waited for") {
  Folder folder;
  folder.write("a.yaml", playbook_named("a"));
  REQUIRE(::mkfifo((folder.path() / "b.yaml").c_str(), 0600) == 0);
  CHECK(folder.load() == Names{"cannot-read:b.yaml"});
}

constexpr const char* kCalendar =
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Relance//Test//EN\r\nBEGIN:VEVENT\r\nUID:may\r\n"
    "DTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20260501\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

TEST_CASE("holidays come from an .ics file beside the playbook and are part of the revision") {
  const std::string hours = "contact_hours: { from: \"09:00\", to: \"17:00\", holidays: days.ics }\n";
  Folder folder;
  folder.write("fr/a.yaml", playbook_named("a", hours)).write("fr/days.ics", kCalendar);
  const auto rulebook = load_folder(folder.path());
  REQUIRE(rulebook);
  const Playbook& playbook = *rulebook->find(PlaybookId("a"));
  CHECK(playbook.contact_hours->holidays == std::vector{*parse_date("2026-05-01")});
  const auto written =
      load_playbook(playbook_named("a", "contact_hours: { from: \"09:00\", to: \"17:00\", holidays: [2026-05-01] }\n"),
                    "a.yaml", House{});
  REQUIRE(written);
  CHECK(written->revision == playbook.revision);
}

TEST_CASE("a calendar that is missing, broken or outside the folder is an error of the playbook") {
  const std::string hours = "contact_hours: { from: \"09:00\", to: \"17:00\", holidays: days.ics }\n";
  Folder outside;
  outside.write("days.ics", kCalendar);
  Folder folder;
  folder.write("fr/a.yaml", playbook_named("a", hours)).write("days.ics", kCalendar);
  CHECK(folder.load() == Names{"holidays:fr/a.yaml"});
  folder.write("fr/days.ics", "BEGIN:VCALENDAR\r\n");
  CHECK(folder.load() == Names{"holidays:fr/a.yaml"});
  fs::remove(folder.path() / "fr/days.ics");
  fs::create_symlink(outside.path() / "days.ics", folder.path() / "fr/days.ics");
  CHECK(folder.load() == Names{"holidays:fr/a.yaml"});
}

TEST_CASE("owners have their days from the house and a calendar beside it, in their zone or the house's") {
  Folder folder;
  folder.write("a.yaml", playbook_named("a")).write("days.ics", kCalendar).write("house.yaml", "zone: Europe/Paris\n");
  const std::string revision(load_folder(folder.path())->find(PlaybookId("a"))->revision.value);
  folder.write("house.yaml", R"(
zone: Europe/Paris
owners:
  rep-7: { absent: [2026-08-10/2026-08-14, 2026-09-01, 2026-08-03/2026-08-09], calendar: days.ics }
  "anna@example.com": { absent: 2026-09-01, zone: America/New_York }
  idle: { absent: [] }
)");
  const auto rulebook = load_folder(folder.path());
  REQUIRE(rulebook);
  REQUIRE(rulebook->house().owners);
  const auto& calendars = rulebook->house().owners->calendars;
  REQUIRE(calendars.size() == 3);
  const auto day = [](std::string_view iso) { return *parse_date(iso); };
  CHECK(calendars.at("rep-7").zone.name() == "Europe/Paris");
  CHECK(calendars.at("rep-7").absences == std::vector<DayRange>{{day("2026-05-01"), day("2026-05-01")},
                                                                {day("2026-08-03"), day("2026-08-14")},
                                                                {day("2026-09-01"), day("2026-09-01")}});
  CHECK(calendars.at("anna@example.com").zone.name() == "America/New_York");
  CHECK(calendars.at("idle").absences.empty());
  // Who is away is no part of what enrolled a lead.
  CHECK(rulebook->find(PlaybookId("a"))->revision.value == revision);
}

TEST_CASE("an owner's calendar lies beside house.yaml, inside the folder") {
  Folder folder;
  folder.write("a.yaml", playbook_named("a")).write("house.yaml", "owners: { rep-7: { calendar: days.ics } }\n");
  CHECK(folder.load() == Names{"calendar:house.yaml"});
  folder.write("fr/days.ics", kCalendar);
  CHECK(folder.load() == Names{"calendar:house.yaml"});
  folder.write("days.ics", "BEGIN:VCALENDAR\r\n");
  CHECK(folder.load() == Names{"calendar:house.yaml"});
  folder.write("days.ics", kCalendar);
  CHECK(folder.load() == Names{"a"});
}

}  // namespace
}  // namespace relance::rules
