// A simulation as a page: engine/simulate/html_report.h. The whole page is kept in tests/golden/page.

#include <doctest/doctest.h>

#include "engine/simulate/html_report.h"
#include "engine/simulate/html_text.h"
#include "simulation_support.h"

namespace relance::tests {
namespace {

using engine::html;

std::string page_of(std::size_t leads, std::size_t drawn, const std::string& name = "L-") {
  const rules::Rulebook rulebook = rulebook_of({cadence("steps: [{ id: a, day: 0, channel: task }]")});
  engine::HtmlReport report(rulebook, drawn);
  engine::Simulation simulation(
      rulebook, [&](std::uint64_t, const engine::LedgerContext& context, const std::vector<rules::Record>& records) {
        report.add(context, records);
      });
  for (std::size_t i = 0; i < leads; ++i) {
    simulation.handle(event_of({"03-02 09:00", name + std::to_string(i), "lead.created"}, i));
  }
  simulation.run_until(rules::Instant::never());
  return report.page("A & B", 0);
}

TEST_CASE("no text from data ends an element or an attribute") {
  CHECK(html("<b a=\"1\" c='2'>&amp;</b>") == "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
  CHECK(html("Léa 漢字 😀") == "Léa 漢字 😀");
}

TEST_CASE("what is no UTF-8, a control, or turns text around is replaced, octet by octet or whole") {
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(html("a\x80z") == "a" + mark + "z");
  CHECK(html("a\xC0\xAFz") == "a" + mark + mark + "z");  // overlong
  CHECK(html("a\xE0\x80\xAFz") == "a" + mark + mark + mark + "z");
  CHECK(html("a\xED\xA0\x80z") == "a" + mark + mark + mark + "z");  // a surrogate
  CHECK(html("a\xF4\x90\x80\x80z") == "a" + mark + mark + mark + mark + "z");
  CHECK(html("a\xE6\xBC") == "a" + mark + mark);  // cut off
  CHECK(html(std::string("a\0\n\x7Fz", 5)) == "a" + mark + mark + mark + "z");
  CHECK(html("a\xE2\x80\xAEz") == "a" + mark + "z");  // U+202E
  CHECK(html("a\xC2\x85z") == "a" + mark + "z");      // U+0085
}

TEST_CASE("a page says how many leads it does not draw, and counts them") {
  const std::string page = page_of(5, 3);
  CHECK(page.find("<strong>3 of 5 leads are drawn</strong>") != std::string::npos);
  CHECK(page.find("<bdi>L-2</bdi>") != std::string::npos);
  CHECK(page.find("L-3") == std::string::npos);
  CHECK(page.find("<td>p</td><td class=\"n\">5</td><td class=\"n\">5</td>") != std::string::npos);
  CHECK(page_of(3, 3).find("leads are drawn") == std::string::npos);
}

TEST_CASE("a page is the same at every run, and holds nothing from outside and no script") {
  const std::string page = page_of(4, 4);
  CHECK(page == page_of(4, 4));
  for (const char* foreign : {"<script", "http://", "https://", "url(", "@import", "<link", "<img", " onload"}) {
    CAPTURE(foreign);
    CHECK(page.find(foreign) == std::string::npos);
  }
  CHECK(page.find("<title>A &amp; B</title>") != std::string::npos);
}

TEST_CASE("a lead's name is text wherever it stands") {
  const std::string page = page_of(2, 2, "<script>'&");
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("<bdi>&lt;script&gt;&#39;&amp;1</bdi>") != std::string::npos);
}

}  // namespace
}  // namespace relance::tests
