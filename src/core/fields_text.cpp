#include "core/fields_text.h"

#include "core/markdown.h"

namespace belamy {

std::string allowed_values(const Fields::Field& field) {
  auto text = field.range.empty() ? field.type : field.range;
  if (!field.unit.empty()) text += " " + field.unit;
  return text;
}

std::string fields_markdown(const std::vector<Fields::Field>& fields) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& field : fields)
    rows.push_back({markdown_code(field.key), markdown_code(field.get()),
                    markdown_text(allowed_values(field)), markdown_text(field.help)});
  return markdown_table({"setting", "default", "allowed", "meaning"}, rows);
}

}  // namespace belamy
