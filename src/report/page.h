// What the pages of runs and labs share: templates in mustache, the frame around a page, data for its scripts.
#pragma once

#include <functional>
#include <kainjow/mustache.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace belamy {

namespace mustache = kainjow::mustache;

/// Fills a template. Values of {{name}} go through `escape`, those of {{{name}}} stand as they are.
/// A logic error for a template that is damaged.
std::string fill_template(
    std::string_view text, const mustache::data& values,
    const std::function<std::string(const std::string&)>& escape = mustache::html_escape<std::string>);

/// page.html around `content`, a template that sees the same values. Of `values`, page.html reads `title`,
/// `title_end`, `style`, `fonts` (true where the style has fonts of its own) and `scripts`.
std::string render_page(std::string_view content, mustache::data values);

/// An item of `scripts`.
mustache::data script(std::string_view code);
/// The same for data: an element with this id, which holds JSON.
mustache::data script(const std::string& id, const nlohmann::ordered_json& json);

/// What links.html reads as `links`: the pieces of a text, in which web addresses become links.
mustache::list links_in(std::string_view text);

/// Six digits are exact enough for a picture and keep the file small. Null for a value that is not finite.
nlohmann::ordered_json short_number(double value);

}  // namespace belamy
