// The default data set: letters and digits in many typefaces, rendered from the fonts of the system.
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace belamy {

/// 0-9, A-Z and a-z in 49 faces: [N, 1, 32, 32], white (255) on black (0), with a black border of at least
/// one pixel. Labels are the character's index ("0" .. "9", "A" .. "Z", "a" .. "z"), styles that of the face
/// ("Cabin-Bold, sans"). Each pair of character and face occurs 16 times for training and twice for testing,
/// each time turned, sheared, scaled and shifted a little at random by `seed`; the splits differ in this
/// jitter. The order is by copy, then by face, then by character.
///
/// The same fonts, FreeType and seed give the same bytes. Fonts are searched below $BELAMY_FONTS, else
/// /usr/share/fonts. A missing or damaged font is a data error that names its Debian package.
Dataset make_glyphs(std::int64_t seed, Split split);

/// The names of the attributes of styled glyphs: bold, italic, serif, mono, script.
const std::vector<std::string>& glyph_attributes();

/// The same characters in the faces of 12 families, each regular, bold, italic and bold italic. All
/// attributes are 0 or 1 and follow from the face: a typewriter family is mono and serif. Copies and order
/// are as above.
Dataset make_styled_glyphs(std::int64_t seed, Split split);

/// Capitals A to Z on a plain dark ground, [N, 3, 64, 64], each with a caption such as "a big red bold serif A" or
/// "letter A, crimson, italic": 8 colours, regular or bold, upright or italic, sans, serif or mono, small, medium or
/// large. Captions follow eight patterns with synonyms. Those for training leave out some of what they could say, those for
/// testing say all. Attributes: the colours, bold, italic, serif, mono, small, large.
///
/// A tenth of the 7,488 combinations is held out of training, the same tenth for every `seed`. It forms the test split if
/// `unseen`; otherwise the other combinations form it, drawn anew. Each combination occurs twice for training and once for
/// testing.
inline constexpr const char *kCaptionedGlyphs = "glyphs-captions",
                            *kSeenCombinations = "glyphs-captions-seen";
Dataset make_captioned_glyphs(std::int64_t seed, Split split, bool unseen = true);

/// Each character in two faces, turned, sheared, scaled and shifted alike: A is the set, B its others[0].
///
///   glyphs-bold    regular to bold, 12 families
///   glyphs-italic  upright to italic, 12 families
///   glyphs-sans    serif to sans of the same super-family, 5 pairs
///
/// Every sixth character ("4", "A", "G", ...) is held out of training and forms the test split. Each pair of
/// faces occurs 16 times for training and four times for testing; styles number the pairs.
Dataset make_glyph_pairs(const std::string& name, std::int64_t seed, Split split);

/// Name and one-line description of each set of pairs.
const std::vector<std::pair<std::string, std::string>>& glyph_pair_sets();

}  // namespace belamy
