#include "engine/simulate/html_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/simulate/html_text.h"

namespace relance::engine {

using rules::Record;
using rules::RecordType;

namespace {

/// Of one lead; a lead with more is one that something went wrong with.
constexpr std::size_t kMostShownRecords = 400;

// Colours have a light and a dark form, and none is the only sign: bars carry letters, marks have shapes.
constexpr std::string_view kSimulationStyle = R"css(
:root{color-scheme:light dark;--page:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--open:#eef4fb;--enrolled:#c9d4df;
--touch:#0a5cad;--cap:#e3a008;--hours:#8ea3b8;--cooldown:#5aa9a0;--spacing:#b48ad6;--hold:#d9534f;--policy:#7a5c3e;--owner:#c77d9b;--throttle:#9aa83a;--other:#999;
--pause:#f0c6a0;--sla:#2f8f4e;--bad:#b3261e;--good:#1a7f37}
@media (prefers-color-scheme:dark){:root{--page:#14181d;--ink:#e6edf3;--soft:#9aa7b4;--line:#3a434d;--open:#1c2836;--enrolled:#3d4a58;
--touch:#6cb6ff;--cap:#c98a00;--hours:#5f7488;--cooldown:#3f8a82;--spacing:#8c63b5;--hold:#c9413d;--policy:#a07a55;--owner:#a85f7e;--throttle:#7f8c2e;--other:#777;
--pause:#8a5f38;--sla:#4cc272;--bad:#ff8a80;--good:#4cc272}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:75rem;padding:1rem;background:var(--page);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.2rem;margin:1.5rem 0 .5rem}h3{font-size:1rem;margin:1.2rem 0 0}
p{margin:.3rem 0}.about,.note{color:var(--soft)}
table{border-collapse:collapse;font-size:.9rem}caption{text-align:left;font-weight:600;padding:.2rem 0}
th,td{text-align:left;padding:.15rem .9rem .15rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.sums{display:flex;flex-wrap:wrap;gap:1rem 2.5rem;align-items:flex-start}
.wide{overflow-x:auto}svg{display:block;width:100%;min-width:44rem;height:auto;font:11px system-ui,sans-serif}
article{break-inside:avoid}details{margin:.2rem 0 0}summary{cursor:pointer;color:var(--soft)}
text{fill:var(--ink)}text.date{fill:var(--soft);font-size:10px}text.lane{font-weight:600}
text.letter{fill:#000;font-size:10px;font-weight:700}
.open{fill:var(--open)}.tick{stroke:var(--line);stroke-width:1}
.bar{stroke:var(--ink);stroke-width:.4}.enrolled{fill:var(--enrolled)}.pause{fill:var(--pause)}.sla{fill:var(--sla);stroke:none}
.cap{fill:var(--cap)}.hours{fill:var(--hours)}.cooldown{fill:var(--cooldown)}.spacing{fill:var(--spacing)}.hold{fill:var(--hold)}
.policy{fill:var(--policy)}.owner{fill:var(--owner)}.throttle{fill:var(--throttle)}.other{fill:var(--other)}
.touch{fill:var(--touch);stroke:var(--page);stroke-width:1}.skipped{fill:none;stroke:var(--soft);stroke-width:2}
path.withheld{stroke:var(--bad);stroke-width:2.5;fill:none}
path.bad{fill:var(--bad)}path.good{fill:var(--good)}path.exit{fill:var(--ink)}
.legend{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem;list-style:none;margin:.4rem 0;padding:0}
.legend li{display:flex;align-items:center;gap:.4rem}.legend svg{width:1.6rem;min-width:0;height:1.1rem}
@media print{:root{color-scheme:light;--page:#fff;--ink:#000;--soft:#444;--line:#bbb}body{max-width:none;padding:0;font-size:10pt}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.wide{overflow:visible}svg{min-width:0}summary{display:none}
details::details-content{content-visibility:visible;display:block}}
)css";

std::string counts_table(std::string_view caption, std::string_view what,
                         const std::map<std::string, std::uint64_t>& counts) {
  if (counts.empty()) return {};
  std::string out = fmt::format(
      "<table><caption>{}</caption><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"n\">count</th></tr>"
      "</thead><tbody>\n",
      caption, what);
  for (const auto& [name, count] : counts) out += "<tr>" + html_cell(html(name)) + html_figure(count) + "</tr>\n";
  return out + "</tbody></table>\n";
}

std::string swatch(std::string_view shape, std::string_view text) {
  return fmt::format("<li><svg viewBox=\"0 0 26 18\" aria-hidden=\"true\">{}</svg>{}</li>\n", shape, text);
}

std::string bar_swatch(std::string_view css, std::string_view letter, std::string_view text) {
  return swatch(fmt::format("<rect class=\"bar {}\" x=\"1\" y=\"2\" width=\"24\" height=\"14\"/>"
                            "<text class=\"letter\" x=\"4\" y=\"13\">{}</text>",
                            css, letter),
                text);
}

std::string legend() {
  std::string out = "<h2>Legend</h2><ul class=\"legend\">\n";
  out += swatch("<circle class=\"touch\" cx=\"13\" cy=\"9\" r=\"6\"/>", "touch");
  out += swatch("<path class=\"withheld\" d=\"M8 4l10 10m0 -10l-10 10\"/>", "withheld or cancelled");
  out += swatch("<circle class=\"skipped\" cx=\"13\" cy=\"9\" r=\"5\"/>", "skipped");
  out += swatch("<path class=\"exit\" d=\"M13 3l6 6l-6 6l-6 -6z\"/>", "exit");
  out += swatch("<path class=\"good\" d=\"M13 3l6 6l-6 6l-6 -6z\"/>", "first touch in time");
  out += swatch("<path class=\"bad\" d=\"M13 3l6 6l-6 6l-6 -6z\"/>",
                "promise at risk or broken, shortfall, escalation, opt-out");
  out += bar_swatch("enrolled", "", "enrolled");
  out += bar_swatch("pause", "P", "paused");
  out += swatch("<rect class=\"sla\" x=\"1\" y=\"7\" width=\"24\" height=\"4\"/>", "first touch promised until");
  out += bar_swatch("open", "", "contact hours");
  for (const RuleFamily& family : rule_families()) {
    out += bar_swatch(family.css, family.letter, fmt::format("deferred: {}", family.text));
  }
  return out + "</ul>\n";
}

}  // namespace

HtmlReport::HtmlReport(const rules::Rulebook& rulebook, std::size_t most_leads)
    : rulebook_(rulebook), most_leads_(most_leads) {}

LeadStory* HtmlReport::story_of(const rules::LeadState& lead) {
  const std::string id(lead.id.value);
  const auto [found, is_new] = places_.try_emplace(id, std::min(stories_.size(), most_leads_));
  if (is_new && stories_.size() < most_leads_) {
    LeadStory& story = stories_.emplace_back();
    story.lead = id;
    if (lead.account) story.account = lead.account->value;
    story.zone = rulebook_.house().zone;
  }
  return found->second < most_leads_ ? &stories_[found->second] : nullptr;
}

void HtmlReport::count(const Record& record) {
  ++records_;
  const std::string playbook(record.playbook ? std::string_view(record.playbook->value) : std::string_view("none"));
  const std::string rule(record.rule);
  switch (record.type) {
    case RecordType::lead_enrolled:
      ++playbooks_[playbook].enrolled;
      break;
    case RecordType::lead_exited:
      ++exits_[std::string(record.reason)];
      break;
    case RecordType::touch_emitted:
      ++playbooks_[playbook].touches;
      ++touches_[std::string(record.channel ? to_string(*record.channel) : "any")];
      break;
    case RecordType::touch_deferred:
      ++deferred_[rule];
      break;
    case RecordType::touch_withheld:
    case RecordType::touch_skipped:
    case RecordType::touch_cancelled:
      ++withheld_[std::string(to_string(record.type)) + ": " + rule];
      break;
    case RecordType::touches_shortfall:
      ++playbooks_[playbook].shortfalls;
      break;
    case RecordType::sla_met:
      ++playbooks_[playbook].sla_met;
      break;
    case RecordType::sla_breached:
      ++playbooks_[playbook].sla_breached;
      break;
    case RecordType::opt_out_effective:
    case RecordType::suppression_added:
    case RecordType::lead_escalated:
    case RecordType::lead_not_enrolled:
      ++consent_[std::string(to_string(record.type))];
      break;
    default:
      break;
  }
}

/// What the drawing needs and no record says: zone, contact hours, deadlines.
void HtmlReport::note_state(LeadStory& story, const rules::LeadState& lead, const Record& record) const {
  if (lead.zone) story.zone = *lead.zone;
  story.country = lead.attributes.text("country");
  const auto& enrollment = lead.enrollment;
  if (!enrollment) return;
  const rules::Playbook* playbook = rulebook_.find(enrollment->playbook, enrollment->revision);
  if (playbook == nullptr) return;
  story.form = &playbook->form(enrollment->variant, enrollment->arm);
  if (!lead.zone) story.zone = story.form->fallback_zone;
  if (record.type == RecordType::lead_enrolled && enrollment->sla) {
    story.promises.push_back({enrollment->sla->started, enrollment->sla->deadline});
  }
}

void HtmlReport::add(const LedgerContext& context, const std::vector<Record>& records) {
  LeadStory* story = context.lead != nullptr ? story_of(*context.lead) : nullptr;
  for (const Record& record : records) {
    count(record);
    if (story == nullptr) continue;
    note_state(*story, *context.lead, record);
    if (story->records.size() < kMostShownRecords) {
      story->records.push_back(record);
    } else {
      ++story->left_out;
    }
  }
}

std::string HtmlReport::page(const std::string& title, std::size_t dead_letters) const {
  std::string out = page_begin(title, kSimulationStyle);
  out +=
      fmt::format("<p>{} leads, {} records{}. A simulation: nothing was sent.</p></header>\n<main>\n", places_.size(),
                  records_, dead_letters == 0 ? "" : fmt::format(", lines that were no events: {}", dead_letters));
  out +=
      "<h2>Summary</h2><div class=\"sums\">\n<table><caption>Playbooks</caption><thead><tr><th "
      "scope=\"col\">playbook</th>";
  for (const char* column : {"enrolled", "touches", "first touch in time", "too late", "shortfalls"}) {
    out += fmt::format("<th scope=\"col\" class=\"n\">{}</th>", column);
  }
  out += "</tr></thead><tbody>\n";
  for (const auto& [playbook, counts] : playbooks_) {
    out += "<tr>" + html_cell(html(playbook)) + html_figure(counts.enrolled) + html_figure(counts.touches) +
           html_figure(counts.sla_met) + html_figure(counts.sla_breached) + html_figure(counts.shortfalls) + "</tr>\n";
  }
  out += "</tbody></table>\n";
  out += counts_table("Touches by channel", "channel", touches_);
  out += counts_table("Deferrals by rule", "rule", deferred_);
  out += counts_table("Not sent, by rule", "what and why", withheld_);
  out += counts_table("Ends of enrollments", "reason", exits_);
  out += counts_table("Besides", "record", consent_);
  out += "</div>\n" + legend() + "<h2>Leads</h2>\n";
  if (places_.size() > stories_.size()) {
    out += fmt::format(
        "<p class=\"note\"><strong>{} of {} leads are drawn</strong>, those that came first; the summary counts all of "
        "them.</p>\n",
        stories_.size(), places_.size());
  }
  std::size_t number_of_lead = 0;
  for (const LeadStory& story : stories_) {
    if (!story.records.empty()) out += draw(story, ++number_of_lead);
  }
  return out + "</main></body></html>\n";
}

}  // namespace relance::engine
