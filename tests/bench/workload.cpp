#include "workload.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string_view>

#include <fmt/format.h>

#include "engine/intake/jsonl_reader.h"
#include "rules/loader.h"

namespace relance::bench {

namespace {

constexpr std::size_t kDefaultLeads = 100'000;
constexpr rules::Instant kStart{1'767'607'200'000};  // Monday 2026-01-05T10:00:00Z
constexpr std::int64_t kHour = 60LL * 60 * 1000;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kSpan = 90 * kDay;

enum class Kind : std::uint8_t {
  created,
  viewed,
  delivered,
  opened,
  clicked,
  updated,
  replied,
  opted_out,
  booked,
};

struct Planned {
  std::int64_t at = 0;  // ms since kStart
  std::uint32_t lead = 0;
  Kind kind = Kind::created;
};

/// The distributions of the standard library differ between implementations; the generator does not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : generator_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return generator_() % bound; }
  bool percent(std::uint64_t share) { return below(100) < share; }

 private:
  std::mt19937_64 generator_;
};

/// One lead's nine or so events after its creation: mostly noise that no rule acts on, as in life.
void plan_lead(std::uint32_t lead, Dice& dice, std::vector<Planned>& planned) {
  const auto created = static_cast<std::int64_t>(dice.below(static_cast<std::uint64_t>(kSpan - 15 * kDay)));
  planned.push_back({created, lead, Kind::created});
  const auto later = [&](Kind kind) {
    const auto after = static_cast<std::int64_t>(dice.below(static_cast<std::uint64_t>(14 * kDay)));
    planned.push_back({created + kHour + after, lead, kind});
  };
  for (const Kind kind : {Kind::viewed, Kind::viewed, Kind::delivered, Kind::delivered, Kind::opened}) later(kind);
  for (const Kind kind : {Kind::viewed, Kind::delivered, Kind::opened, Kind::clicked}) {
    if (dice.percent(80)) later(kind);
  }
  if (dice.percent(50)) later(Kind::updated);
  if (dice.percent(12)) later(Kind::replied);
  if (dice.percent(3)) later(Kind::opted_out);
  if (dice.percent(8)) later(Kind::booked);
}

struct Segment {
  std::string_view source;
  std::string_view size;
};

/// Of 20 leads: 10 for smb-inbound, 7 for mid-outbound, 3 for enterprise.
Segment segment_of(std::uint32_t lead) {
  const std::uint32_t place = lead % 20;
  if (place < 10) return {"inbound", "smb"};
  if (place < 17) return {"outbound", "mid"};
  return {"outbound", "enterprise"};
}

/// Large companies have several leads; the others one.
std::uint32_t account_of(std::uint32_t lead) { return lead % 20 < 17 ? lead : lead / 60 * 60 + 17; }

struct Country {
  std::string_view zone;
  std::string_view code;
  std::string_view phone;  // and six digits
};
constexpr std::array<Country, 5> kCountries{{{"Europe/Paris", "FR", "+33612"},
                                             {"Europe/Paris", "FR", "+33613"},
                                             {"Europe/Berlin", "DE", "+4915123"},
                                             {"Europe/London", "GB", "+447700"},
                                             {"America/New_York", "US", "+120255"}}};

void append_data(std::string& line, const Planned& event) {
  const std::uint32_t lead = event.lead;
  const auto out = std::back_inserter(line);
  switch (event.kind) {
    case Kind::created: {
      const Segment segment = segment_of(lead);
      const Country& country = kCountries[lead % kCountries.size()];
      fmt::format_to(out, R"({{"source":"{}","size":"{}","name":"Ada Martin","email":"lead-{}@example.com",)",
                     segment.source, segment.size, lead);
      if (lead % 10 != 0) fmt::format_to(out, R"("phone":"{}{:06}",)", country.phone, lead % 1'000'000);
      fmt::format_to(out, R"("timezone":"{}","country":"{}","owner":"rep-{}"}})", country.zone, country.code,
                     lead % 40);
      return;
    }
    case Kind::viewed:
      fmt::format_to(out, R"({{"path":"/pricing/{}"}})", lead % 7);
      return;
    case Kind::delivered:
    case Kind::opened:
      line += R"({"channel":"email"})";
      return;
    case Kind::clicked:
      fmt::format_to(out, R"({{"channel":"email","url":"https://www.example.com/case/{}"}})", lead % 11);
      return;
    case Kind::updated:
      fmt::format_to(out, R"({{"score":{},"owner":"rep-{}"}})", lead % 60, lead % 41);
      return;
    case Kind::replied:
      line += R"({"channel":"email"})";
      return;
    case Kind::opted_out:
      line += R"({"channel":"email","intake":"link"})";
      return;
    case Kind::booked:
      fmt::format_to(out, R"({{"meeting":"m-{}","duration":"30m","owner":"rep-{}"}})", lead, lead % 40);
      return;
  }
}

std::string_view type_of(Kind kind) {
  switch (kind) {
    case Kind::created:
      return "lead.created";
    case Kind::viewed:
      return "page.viewed";
    case Kind::delivered:
      return "touch.delivered";
    case Kind::opened:
      return "touch.opened";
    case Kind::clicked:
      return "touch.clicked";
    case Kind::updated:
      return "lead.updated";
    case Kind::replied:
      return "touch.replied";
    case Kind::opted_out:
      return "optout.received";
    case Kind::booked:
      return "meeting.booked";
  }
  return "";
}

void append_line(std::string& line, std::size_t number, const Planned& event) {
  fmt::format_to(std::back_inserter(line),
                 R"({{"specversion":"1.0","id":"e-{:07}","source":"crm/bench","type":"{}","subject":"L-{:06}",)"
                 R"("partitionkey":"account-{:06}","time":"{}","data":)",
                 number, type_of(event.kind), event.lead, account_of(event.lead),
                 rules::to_string(kStart + rules::Duration{event.at}));
  append_data(line, event);
  line += "}\n";
}

std::size_t leads_wanted() {
  const char* text = std::getenv("RELANCE_BENCH_LEADS");
  if (text == nullptr) return kDefaultLeads;
  const auto leads = std::strtoul(text, nullptr, 10);
  if (leads == 0 || leads > 10'000'000) give_up("RELANCE_BENCH_LEADS is no number from 1 to 10000000");
  return leads;
}

}  // namespace

void give_up(const std::string& why) {
  std::fprintf(stderr, "bench: %s\n", why.c_str());
  std::_Exit(1);
}

const Workload& Workload::shared() {
  static const Workload workload(leads_wanted());
  return workload;
}

Workload::Workload(std::size_t leads) {
  std::string name = (std::filesystem::temp_directory_path() / "relance-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) give_up("cannot make a directory like " + name);
  folder_ = name;
  std::vector<Planned> planned;
  planned.reserve(leads * 11);
  Dice dice(20260105);
  for (std::uint32_t lead = 0; lead < leads; ++lead) plan_lead(lead, dice, planned);
  std::stable_sort(planned.begin(), planned.end(), [](const auto& a, const auto& b) { return a.at < b.at; });

  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(file().c_str(), "wb"), &std::fclose);
  if (!out) give_up("cannot write " + file().string());
  std::string line;
  for (const Planned& event : planned) {
    line.clear();
    append_line(line, events_++, event);
    if (std::fwrite(line.data(), 1, line.size(), out.get()) != line.size()) give_up("cannot write the events");
  }
}

Workload::~Workload() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::vector<std::string> Workload::first_lines(std::size_t count) const {
  std::vector<std::string> lines;
  lines.reserve(count);
  const auto read = engine::for_each_line(file(), 0, [&](const engine::JsonlLine& line) {
    lines.emplace_back(line.text);
    return lines.size() < count;
  });
  if (!read) give_up(read.error().message);
  return lines;
}

const rules::Rulebook& shipped_playbooks() {
  static const auto rulebook = rules::load_folder(RELANCE_SOURCE_DIR "/playbooks");
  if (!rulebook) give_up(rules::to_string(rulebook.error().front()));
  return *rulebook;
}

}  // namespace relance::bench
