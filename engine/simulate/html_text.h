#pragma once
// Text from data as HTML: nothing of it can end an element or an attribute. Pure; any thread.

#include <string>
#include <string_view>

namespace relance::engine {

/// `& < > " '` as references, what is no UTF-8 as U+FFFD; control characters and those that turn the direction of text
/// around as U+FFFD, too: a name must not rewrite the words beside it.
std::string html(std::string_view text);

/// A page up to and with its heading, in an open `<header>`: nothing from outside, no script. `title` is text, `style`
/// is CSS.
std::string page_begin(std::string_view title, std::string_view style);

}  // namespace relance::engine
