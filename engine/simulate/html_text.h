#pragma once
// Text from data as HTML: nothing of it can end an element or an attribute. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

namespace relance::engine {

/// `& < > " '` as references, what is no UTF-8 as U+FFFD; control characters and those that turn the direction of text
/// around as U+FFFD, too: a name must not rewrite the words beside it.
std::string html(std::string_view text);

/// Cells of a table, of HTML that is ready; figures stand at the right.
std::string html_cell(std::string_view ready);
std::string html_figure(std::string_view ready);
std::string html_figure(std::uint64_t value);

/// A page up to and with its heading, in an open `<header>`: nothing from outside, no script. `title` is text, `style`
/// is CSS.
std::string page_begin(std::string_view title, std::string_view style);

}  // namespace relance::engine
