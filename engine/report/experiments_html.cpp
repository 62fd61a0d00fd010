// The report as one page: inline CSS and SVG, no script, nothing from outside, light and dark, printable, readable
// without seeing the drawing. It looks like the page of a simulation (engine/simulate/html_report.cpp).

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "engine/report/experiments.h"
#include "engine/report/experiments_words.h"
#include "engine/simulate/html_text.h"
#include "rules/ascii.h"

namespace relance::engine {

namespace {

// No colour is the only sign: verdicts are words, the control's line is dashed.
constexpr std::string_view kReportStyle = R"css(
:root{color-scheme:light dark;--page:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--mark:#0a5cad;--bad:#b3261e;--good:#1a7f37}
@media (prefers-color-scheme:dark){:root{--page:#14181d;--ink:#e6edf3;--soft:#9aa7b4;--line:#3a434d;--mark:#6cb6ff;--bad:#ff8a80;
--good:#4cc272}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:75rem;padding:1rem;background:var(--page);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.2rem;margin:1.8rem 0 .3rem}
p{margin:.4rem 0;max-width:60rem}.about,.note{color:var(--soft)}.revision{font-weight:400;color:var(--soft);font-size:.9rem}
.verdict{border-left:.3rem solid var(--line);padding:.1rem 0 .1rem .7rem}
.verdict.mismatch{border-color:var(--bad)}.verdict.effect{border-color:var(--good)}
.mismatch strong{color:var(--bad)}
table{border-collapse:collapse;font-size:.9rem;margin:.8rem 0}caption{text-align:left;font-weight:600;padding:.2rem 0}
th,td{text-align:left;padding:.15rem 1.1rem .15rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tbody th{font-weight:400;white-space:nowrap}
.wide{overflow-x:auto}svg{display:block;width:100%;max-width:48rem;min-width:32rem;height:auto;font:12px system-ui,sans-serif}
section{break-inside:avoid}text{fill:var(--ink)}text.axis{fill:var(--soft);font-size:11px}
.tick{stroke:var(--line);stroke-width:1}.interval{stroke:var(--mark);stroke-width:3}.rate{fill:var(--mark)}
.control{stroke:var(--soft);stroke-width:1;stroke-dasharray:4 3}
@media print{:root{color-scheme:light;--page:#fff;--ink:#000;--soft:#444;--line:#bbb}body{max-width:none;padding:0;font-size:10pt}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.wide{overflow:visible}svg{min-width:0}}
)css";

std::string heading(std::string_view text) { return fmt::format("<th scope=\"col\">{}</th>", text); }
std::string heading_n(std::string_view text) { return fmt::format("<th scope=\"col\" class=\"n\">{}</th>", text); }
std::string row_heading(const ArmResult& arm) {
  const std::string_view kind =
      arm.is_control && arm.id != "control" ? " (control)" : (arm.is_holdout ? " (sent nothing)" : "");
  return fmt::format("<th scope=\"row\"><bdi>{}</bdi>{}</th>", html(arm.id), kind);
}

std::string counts_table(const ExperimentResult& result) {
  const bool known = result.verdict != Verdict::unknown_revision;
  const std::string unit = result.by_account ? "account" : "lead";
  std::string out =
      "<div class=\"wide\"><table><caption>Assignment and guardrails</caption><thead><tr>" + heading("arm");
  if (known) out += heading_n("weight");
  out += heading_n("assigned");
  if (known) out += heading_n("expected") + heading_n("observed long enough");
  out += heading_n("touches per " + unit) + heading_n("opt-outs") + heading_n("complaints") + "</tr></thead><tbody>\n";
  for (const ArmResult& arm : result.arms) {
    out += "<tr>" + row_heading(arm);
    if (known) out += html_figure(std::to_string(arm.weight));
    out += html_figure(std::to_string(arm.assigned));
    if (known) out += html_figure(fmt::format("{:.1f}", arm.expected)) + html_figure(std::to_string(arm.observed));
    out += html_figure(arm.assigned == 0 ? "-" : fmt::format("{:.2f}", Proportion{arm.touches, arm.assigned}.value())) +
           html_figure(with_share(arm.opted_out, arm.assigned)) +
           html_figure(with_share(arm.complained, arm.assigned)) + "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string effects_table(const ExperimentResult& result) {
  std::string out = "<div class=\"wide\"><table><caption>What the arms came to</caption><thead><tr>" + heading("arm") +
                    heading_n("converted") + heading_n("rate") + heading_n("95 % interval") +
                    heading_n("difference to control") + heading_n("95 % interval") + heading_n("p-value") +
                    heading("ends of enrollments") + "</tr></thead><tbody>\n";
  for (const ArmResult& arm : result.arms) {
    const ArmEffect& effect = *arm.effect;
    out += "<tr>" + row_heading(arm) + html_figure(std::to_string(effect.converted)) +
           html_figure(percent(Proportion{effect.converted, arm.observed}.value())) +
           html_figure(percent(effect.interval.low) + " to " + percent(effect.interval.high));
    if (const auto& against = effect.to_control) {
      out += html_figure(percent_points(against->value) + " points") +
             html_figure(percent_points(against->interval.low) + " to " + percent_points(against->interval.high)) +
             html_figure(html(p_value_text(against->p_value)));
    } else {
      out += html_figure("-") + html_figure("-") + html_figure("-");
    }
    out += html_cell(html(exits_text(effect))) + "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

/// The rates and their intervals on one axis from 0.
class IntervalDrawing {
 public:
  IntervalDrawing(const ExperimentResult& result, std::size_t place) : result_(result), place_(place) {
    double highest = 0;
    for (const ArmResult& arm : result.arms) highest = std::max(highest, arm.effect->interval.high);
    for (const double step : {0.005, 0.01, 0.02, 0.05, 0.1, 0.2}) {
      step_ = step;
      if (highest / step <= 6) break;
    }
    end_ = step_ * std::ceil(highest / step_);
  }

  std::string draw() const {
    const std::size_t bottom = result_.arms.size() * kRow + 8;
    std::string out = fmt::format(
        "<div class=\"wide\"><svg viewBox=\"0 0 760 {}\" role=\"img\" aria-labelledby=\"d{}\"><desc id=\"d{}\">"
        "Conversion rates with their intervals, one line per arm; the figures are in the table.</desc>\n",
        bottom + 20, place_, place_);
    const auto ticks = static_cast<int>(std::lround(end_ / step_));
    for (int i = 0; i <= ticks; ++i) {
      const double at = x_of(i * step_);
      out += fmt::format(
          "<line class=\"tick\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"4\" y2=\"{}\"/>"
          "<text class=\"axis\" x=\"{:.1f}\" y=\"{}\">{}</text>\n",
          at, at, bottom, at - 10, bottom + 14, percent(i * step_));
    }
    for (std::size_t i = 0; i < result_.arms.size(); ++i) out += draw_arm(result_.arms[i], i, bottom);
    return out + "</svg></div>\n";
  }

 private:
  static constexpr std::size_t kRow = 26;
  double x_of(double rate) const { return 180 + 540 * rate / end_; }

  std::string draw_arm(const ArmResult& arm, std::size_t row, std::size_t bottom) const {
    const std::size_t y = row * kRow + kRow / 2 + 4;
    const double rate = x_of(Proportion{arm.effect->converted, arm.observed}.value());
    std::string out;
    if (arm.is_control) {
      out +=
          fmt::format("<line class=\"control\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"4\" y2=\"{}\"/>", rate, rate, bottom);
    }
    // A long id would run into the axis; the table has all of it.
    const std::string name = arm.id.size() > 24 ? arm.id.substr(0, 23) + "…" : arm.id;
    return out + fmt::format(
                     "<text x=\"4\" y=\"{}\">{}</text><line class=\"interval\" x1=\"{:.1f}\" x2=\"{:.1f}\" "
                     "y1=\"{}\" y2=\"{}\"/><circle class=\"rate\" cx=\"{:.1f}\" cy=\"{}\" r=\"5\"/>\n",
                     y + 4, html(name), x_of(arm.effect->interval.low), x_of(arm.effect->interval.high), y, y, rate, y);
  }

  const ExperimentResult& result_;
  const std::size_t place_;
  double step_ = 0.2;
  double end_ = 1;
};

std::string section(const ExperimentResult& result, std::size_t place) {
  const bool known = result.verdict != Verdict::unknown_revision;
  std::string out =
      fmt::format("<section><h2>{} <span class=\"revision\">revision {}{}</span></h2>\n", html(title_of(result)),
                  html(short_revision(result)), !known ? "" : (result.in_force ? ", in force" : ", earlier"));
  const std::string_view css = result.verdict == Verdict::mismatch ? " mismatch"
                               : result.verdict == Verdict::effect ? " effect"
                                                                   : "";
  out += fmt::format("<p class=\"verdict{}\"><strong>{}.</strong> {}</p>\n", css,
                     rules::capitalised(std::string(headline(result.verdict))), html(result.message));
  out += fmt::format("<p class=\"about\">{}. {}.</p>\n", html(rules::capitalised(terms_of(result))),
                     html(rules::capitalised(ratio_text(result))));
  out += counts_table(result);
  if (result.verdict == Verdict::effect) out += effects_table(result) + IntervalDrawing(result, place).draw();
  return out + "</section>\n";
}

constexpr std::string_view kHow = R"html(<section><h2>How this was computed</h2>
<p class="note">A success is an enrollment that ended by it; what happens after an enrollment has ended is not in the ledger. Where
a success has a time limit, only those who were assigned that long ago count. Sample ratio: Pearson's chi-square against the
weights, alarm below p = 0.001. Rates: Wilson's score interval. Differences: Newcombe's interval (method 10) and the pooled
two-proportion test, two-sided.</p></section>
)html";

}  // namespace

std::string experiments_html(const ExperimentReport& report) {
  std::string out = page_begin("Experiments", kReportStyle) + "<p>";
  out += report.until ? "By the ledger up to " + rules::to_string(*report.until) + "." : "The ledger is empty.";
  out.append("</p>\n<p class=\"note\">").append(kOnlyExperiments).append("</p></header>\n<main>\n");
  if (report.experiments.empty()) out += "<p>No playbook has an experiment.</p>\n";
  for (std::size_t i = 0; i < report.experiments.size(); ++i) out += section(report.experiments[i], i);
  return out.append(kHow).append("</main></body></html>\n");
}

}  // namespace relance::engine
