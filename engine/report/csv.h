#pragma once
// Cells and rows of CSV. Source: RFC 4180 (quotes, CRLF); OWASP, CSV Injection (formulas). Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

namespace relance::engine {

/// A text as a cell: quoted where it must be, and with a `'` before what a spreadsheet would take for a formula.
std::string csv_text(std::string_view text);
/// Cells that are ready (csv_text(), or numbers) as a row with its end.
std::string csv_row(const std::vector<std::string>& cells);

}  // namespace relance::engine
