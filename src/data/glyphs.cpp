#include "data/glyphs.h"

#include <fmt/format.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_BBOX_H
#include FT_OUTLINE_H

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <numbers>

#include "belamy/error.h"

#include "core/random.h"

namespace belamy {
namespace {

struct Font {
  const char* file;  // below the folder of fonts
  const char* style;
  const char* package;
};

// Bold faces if there is a choice: thin strokes vanish in 32 pixels. Each face has all characters, and small
// letters that differ from the capitals. tools/packages.txt lists the packages.
constexpr std::array kFonts = {
    Font{"truetype/dejavu/DejaVuSans-Bold.ttf", "sans", "fonts-dejavu-core"},
    Font{"truetype/liberation/LiberationSans-BoldItalic.ttf", "sans", "fonts-liberation"},
    Font{"opentype/allerta/allerta_medium.otf", "sans", "fonts-allerta"},
    Font{"opentype/cabin/Cabin-Bold.otf", "sans", "fonts-cabin"},
    Font{"opentype/dosis/Dosis-Bold.otf", "sans", "fonts-dosis"},
    Font{"opentype/jura/Jura-Bold.otf", "sans", "fonts-jura"},
    Font{"opentype/league-spartan/LeagueSpartan-Black.otf", "sans", "fonts-league-spartan"},
    Font{"opentype/yanone-kaffeesatz/YanoneKaffeesatz-Bold.otf", "sans", "fonts-yanone-kaffeesatz"},
    Font{"truetype/adf/GilliusADF-BoldCond.otf", "sans", "fonts-adf-gillius"},
    Font{"truetype/adf/UniversalisADFStd-Bold.otf", "sans", "fonts-adf-universalis"},
    Font{"truetype/eurofurence/eurof75.ttf", "sans", "fonts-eurofurence"},
    Font{"truetype/karla/Karla-ExtraBold.otf", "sans", "fonts-karla"},
    Font{"truetype/opendin/OSP-DIN.ttf", "sans", "fonts-opendin"},
    Font{"opentype/play/Play-Bold.otf", "sans", "fonts-play"},
    Font{"truetype/quicksand/Quicksand-Bold.ttf", "sans", "fonts-quicksand"},
    Font{"truetype/comfortaa/Comfortaa-Bold.ttf", "sans", "fonts-comfortaa"},
    Font{"truetype/liberation/LiberationSerif-Bold.ttf", "serif", "fonts-liberation"},
    Font{"opentype/roboto/slab/RobotoSlab-Bold.otf", "serif", "fonts-roboto-slab"},
    Font{"truetype/adf/AccanthisADFStd-BoldItalic.otf", "serif", "fonts-adf-accanthis"},
    Font{"truetype/adf/BaskervaldADFStd-Heavy.otf", "serif", "fonts-adf-baskervald"},
    Font{"truetype/adf/BerenisADFPro-Bold.otf", "serif", "fonts-adf-berenis"},
    Font{"truetype/averia-gwf/AveriaSerifGWF-Bold.ttf", "serif", "fonts-averia-serif-gwf"},
    Font{"truetype/crosextra/Caladea-BoldItalic.ttf", "serif", "fonts-crosextra-caladea"},
    Font{"truetype/essays1743/Essays1743-Bold.ttf", "serif", "fonts-essays1743"},
    Font{"truetype/fonts-oldstandard/OldStandard-Bold.ttf", "serif", "fonts-oldstandard"},
    Font{"truetype/adf/TribunADFStd-ExtraBold.otf", "serif", "fonts-adf-tribun"},
    Font{"truetype/dejavu/DejaVuSansMono-Bold.ttf", "mono", "fonts-dejavu-core"},
    Font{"truetype/liberation/LiberationMono-Bold.ttf", "mono", "fonts-liberation"},
    Font{"opentype/ocr-b/OCRB.otf", "mono", "fonts-ocr-b"},
    Font{"truetype/ocr-a/OCRABold.ttf", "mono", "fonts-ocr-a"},
    Font{"truetype/gnutypewriter/GNUTypewriter.ttf", "mono", "fonts-gnutypewriter"},
    Font{"truetype/monofur/monof56.ttf", "mono", "fonts-monofur"},
    Font{"opentype/courier-prime/Courier Prime Bold.otf", "mono", "fonts-courier-prime"},
    Font{"opentype/dancingscript/DancingScript-Bold.otf", "script", "fonts-dancingscript"},
    Font{"opentype/havana/Havana-Regular.otf", "script", "fonts-havana"},
    Font{"opentype/kaushanscript/KaushanScript-Regular.otf", "script", "fonts-kaushanscript"},
    Font{"opentype/lobster/lobster.otf", "script", "fonts-lobster"},
    Font{"opentype/lobstertwo/LobsterTwo-Bold.otf", "script", "fonts-lobstertwo"},
    Font{"truetype/leckerli-one/LeckerliOne-Regular.ttf", "script", "fonts-leckerli-one"},
    Font{"opentype/comic-neue/ComicNeue-Bold.otf", "handwriting", "fonts-comic-neue"},
    Font{"truetype/rufscript/Rufscript010.ttf", "handwriting", "fonts-rufscript"},
    Font{"opentype/apropal/Apropal-Bold.otf", "display", "fonts-apropal"},
    Font{"opentype/cherrybomb/CherryBomb-Regular.otf", "display", "fonts-cherrybomb"},
    Font{"truetype/adf/MekanusADFStd-Bold.otf", "display", "fonts-adf-mekanus"},
    Font{"truetype/staypuft/StayPuft.ttf", "display", "fonts-staypuft"},
    Font{"truetype/adf/OldaniaADFStd-Bold.otf", "display", "fonts-adf-oldania"},
    Font{"truetype/blankenburg/Blankenburg_UNZ1A.ttf", "blackletter", "fonts-blankenburg"},
    Font{"truetype/gamaliel/Gamaliel.ttf", "blackletter", "fonts-gamaliel"},
    Font{"truetype/isabella/Isabella.ttf", "blackletter", "fonts-isabella"},
};

// Sides A and B of a set of pairs.
struct FontPair {
  Font a, b;
};

constexpr std::array kBold = {
    FontPair{{"truetype/dejavu/DejaVuSans.ttf", "sans", "fonts-dejavu-core"},
             {"truetype/dejavu/DejaVuSans-Bold.ttf", "sans", "fonts-dejavu-core"}},
    FontPair{{"truetype/dejavu/DejaVuSerif.ttf", "serif", "fonts-dejavu-core"},
             {"truetype/dejavu/DejaVuSerif-Bold.ttf", "serif", "fonts-dejavu-core"}},
    FontPair{{"truetype/dejavu/DejaVuSansMono.ttf", "mono", "fonts-dejavu-core"},
             {"truetype/dejavu/DejaVuSansMono-Bold.ttf", "mono", "fonts-dejavu-core"}},
    FontPair{{"truetype/liberation/LiberationSans-Regular.ttf", "sans", "fonts-liberation"},
             {"truetype/liberation/LiberationSans-Bold.ttf", "sans", "fonts-liberation"}},
    FontPair{{"truetype/liberation/LiberationSerif-Regular.ttf", "serif", "fonts-liberation"},
             {"truetype/liberation/LiberationSerif-Bold.ttf", "serif", "fonts-liberation"}},
    FontPair{{"truetype/liberation/LiberationMono-Regular.ttf", "mono", "fonts-liberation"},
             {"truetype/liberation/LiberationMono-Bold.ttf", "mono", "fonts-liberation"}},
    FontPair{{"opentype/cabin/Cabin-Regular.otf", "sans", "fonts-cabin"},
             {"opentype/cabin/Cabin-Bold.otf", "sans", "fonts-cabin"}},
    FontPair{{"truetype/crosextra/Caladea-Regular.ttf", "serif", "fonts-crosextra-caladea"},
             {"truetype/crosextra/Caladea-Bold.ttf", "serif", "fonts-crosextra-caladea"}},
    FontPair{{"truetype/quicksand/Quicksand-Regular.ttf", "sans", "fonts-quicksand"},
             {"truetype/quicksand/Quicksand-Bold.ttf", "sans", "fonts-quicksand"}},
    FontPair{{"truetype/karla/Karla-Regular.otf", "sans", "fonts-karla"},
             {"truetype/karla/Karla-Bold.otf", "sans", "fonts-karla"}},
    FontPair{{"truetype/adf/UniversalisADFStd-Regular.otf", "sans", "fonts-adf-universalis"},
             {"truetype/adf/UniversalisADFStd-Bold.otf", "sans", "fonts-adf-universalis"}},
    FontPair{{"truetype/adf/TribunADFStd-Regular.otf", "serif", "fonts-adf-tribun"},
             {"truetype/adf/TribunADFStd-Bold.otf", "serif", "fonts-adf-tribun"}},
};

// Bold faces if there is a choice, as in kFonts.
constexpr std::array kItalic = {
    FontPair{{"truetype/liberation/LiberationSans-Bold.ttf", "sans", "fonts-liberation"},
             {"truetype/liberation/LiberationSans-BoldItalic.ttf", "sans", "fonts-liberation"}},
    FontPair{{"truetype/liberation/LiberationSerif-Bold.ttf", "serif", "fonts-liberation"},
             {"truetype/liberation/LiberationSerif-BoldItalic.ttf", "serif", "fonts-liberation"}},
    FontPair{{"truetype/liberation/LiberationMono-Bold.ttf", "mono", "fonts-liberation"},
             {"truetype/liberation/LiberationMono-BoldItalic.ttf", "mono", "fonts-liberation"}},
    FontPair{{"opentype/cabin/Cabin-Bold.otf", "sans", "fonts-cabin"},
             {"opentype/cabin/Cabin-BoldItalic.otf", "sans", "fonts-cabin"}},
    FontPair{{"truetype/crosextra/Caladea-Bold.ttf", "serif", "fonts-crosextra-caladea"},
             {"truetype/crosextra/Caladea-BoldItalic.ttf", "serif", "fonts-crosextra-caladea"}},
    FontPair{{"truetype/karla/Karla-Bold.otf", "sans", "fonts-karla"},
             {"truetype/karla/Karla-BoldItalic.otf", "sans", "fonts-karla"}},
    FontPair{{"truetype/adf/GilliusADF-Bold.otf", "sans", "fonts-adf-gillius"},
             {"truetype/adf/GilliusADF-BoldItalic.otf", "sans", "fonts-adf-gillius"}},
    FontPair{{"truetype/adf/UniversalisADFStd-Bold.otf", "sans", "fonts-adf-universalis"},
             {"truetype/adf/UniversalisADFStd-BoldItalic.otf", "sans", "fonts-adf-universalis"}},
    FontPair{{"truetype/adf/BaskervaldADFStd-Bold.otf", "serif", "fonts-adf-baskervald"},
             {"truetype/adf/BaskervaldADFStd-BoldItalic.otf", "serif", "fonts-adf-baskervald"}},
    FontPair{{"truetype/adf/TribunADFStd-Bold.otf", "serif", "fonts-adf-tribun"},
             {"truetype/adf/TribunADFStd-BoldItalic.otf", "serif", "fonts-adf-tribun"}},
    FontPair{{"truetype/averia-gwf/AveriaSerifGWF-Bold.ttf", "serif", "fonts-averia-serif-gwf"},
             {"truetype/averia-gwf/AveriaSerifGWF-BoldItalic.ttf", "serif", "fonts-averia-serif-gwf"}},
    FontPair{{"truetype/essays1743/Essays1743-Bold.ttf", "serif", "fonts-essays1743"},
             {"truetype/essays1743/Essays1743-BoldItalic.ttf", "serif", "fonts-essays1743"}},
};

constexpr std::array kSans = {
    FontPair{{"truetype/dejavu/DejaVuSerif-Bold.ttf", "regular", "fonts-dejavu-core"},
             {"truetype/dejavu/DejaVuSans-Bold.ttf", "regular", "fonts-dejavu-core"}},
    FontPair{{"truetype/dejavu/DejaVuSerif.ttf", "regular", "fonts-dejavu-core"},
             {"truetype/dejavu/DejaVuSans.ttf", "regular", "fonts-dejavu-core"}},
    FontPair{{"truetype/liberation/LiberationSerif-Regular.ttf", "regular", "fonts-liberation"},
             {"truetype/liberation/LiberationSans-Regular.ttf", "regular", "fonts-liberation"}},
    FontPair{{"truetype/liberation/LiberationSerif-Bold.ttf", "regular", "fonts-liberation"},
             {"truetype/liberation/LiberationSans-Bold.ttf", "regular", "fonts-liberation"}},
    FontPair{{"truetype/liberation/LiberationSerif-BoldItalic.ttf", "italic", "fonts-liberation"},
             {"truetype/liberation/LiberationSans-BoldItalic.ttf", "italic", "fonts-liberation"}},
};

// The four faces of a family. If it has no italic face, the upright one is slanted.
struct Family {
  const char *regular, *bold, *italic, *bold_italic;
  const char* style;
  const char* package;
  bool serif = false, mono = false, script = false;
};

constexpr std::array kFamilies = {
    Family{"truetype/liberation/LiberationSans-Regular.ttf", "truetype/liberation/LiberationSans-Bold.ttf",
           "truetype/liberation/LiberationSans-Italic.ttf",
           "truetype/liberation/LiberationSans-BoldItalic.ttf", "sans", "fonts-liberation"},
    Family{"opentype/cabin/Cabin-Regular.otf", "opentype/cabin/Cabin-Bold.otf",
           "opentype/cabin/Cabin-Italic.otf", "opentype/cabin/Cabin-BoldItalic.otf", "sans", "fonts-cabin"},
    Family{"truetype/karla/Karla-Regular.otf", "truetype/karla/Karla-Bold.otf",
           "truetype/karla/Karla-Italic.otf", "truetype/karla/Karla-BoldItalic.otf", "sans", "fonts-karla"},
    Family{"truetype/adf/UniversalisADFStd-Regular.otf", "truetype/adf/UniversalisADFStd-Bold.otf",
           "truetype/adf/UniversalisADFStd-Italic.otf", "truetype/adf/UniversalisADFStd-BoldItalic.otf",
           "sans", "fonts-adf-universalis"},
    Family{"truetype/liberation/LiberationSerif-Regular.ttf", "truetype/liberation/LiberationSerif-Bold.ttf",
           "truetype/liberation/LiberationSerif-Italic.ttf",
           "truetype/liberation/LiberationSerif-BoldItalic.ttf", "serif", "fonts-liberation", true},
    Family{"truetype/crosextra/Caladea-Regular.ttf", "truetype/crosextra/Caladea-Bold.ttf",
           "truetype/crosextra/Caladea-Italic.ttf", "truetype/crosextra/Caladea-BoldItalic.ttf", "serif",
           "fonts-crosextra-caladea", true},
    Family{"truetype/adf/BaskervaldADFStd.otf", "truetype/adf/BaskervaldADFStd-Heavy.otf",
           "truetype/adf/BaskervaldADFStd-Italic.otf", "truetype/adf/BaskervaldADFStd-HeavyItalic.otf",
           "serif", "fonts-adf-baskervald", true},
    Family{"truetype/liberation/LiberationMono-Regular.ttf", "truetype/liberation/LiberationMono-Bold.ttf",
           "truetype/liberation/LiberationMono-Italic.ttf",
           "truetype/liberation/LiberationMono-BoldItalic.ttf", "mono", "fonts-liberation", false, true},
    Family{"opentype/courier-prime/Courier Prime.otf", "opentype/courier-prime/Courier Prime Bold.otf",
           "opentype/courier-prime/Courier Prime Italic.otf",
           "opentype/courier-prime/Courier Prime Bold Italic.otf", "mono", "fonts-courier-prime", true, true},
    Family{"opentype/courier-prime/Courier Prime Sans.otf",
           "opentype/courier-prime/Courier Prime Sans Bold.otf",
           "opentype/courier-prime/Courier Prime Sans Italic.otf",
           "opentype/courier-prime/Courier Prime Sans Bold Italic.otf", "mono", "fonts-courier-prime", false,
           true},
    Family{"opentype/lobstertwo/LobsterTwo-Regular.otf", "opentype/lobstertwo/LobsterTwo-Bold.otf",
           "opentype/lobstertwo/LobsterTwo-Italic.otf", "opentype/lobstertwo/LobsterTwo-BoldItalic.otf",
           "script", "fonts-lobstertwo", false, false, true},
    Family{"opentype/dancingscript/DancingScript-Regular.otf",
           "opentype/dancingscript/DancingScript-Bold.otf", nullptr, nullptr, "script", "fonts-dancingscript",
           false, false, true},
};

// A face of a family and its slant: pixels to the right per pixel of height.
struct StyledFace {
  Font font;
  double slant = 0;
};

StyledFace face_of(const Family& family, bool bold, bool italic) {
  const char* own = bold ? family.bold_italic : family.italic;
  const char* upright = bold ? family.bold : family.regular;
  const bool slanted = italic && !own;
  return {{italic && own ? own : upright, family.style, family.package}, slanted ? 0.25 : 0.0};
}

std::vector<FontPair> pairs_of(const std::string& name) {
  if (name == "glyphs-bold") return {kBold.begin(), kBold.end()};
  if (name == "glyphs-italic") return {kItalic.begin(), kItalic.end()};
  return {kSans.begin(), kSans.end()};
}

constexpr std::string_view kCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// Lengths in pixels. FreeType counts in 1/64 pixel and in 1/65536 for factors.
constexpr int kSide = 32;
constexpr double kMargin = 1;    // black on all sides
constexpr double kLargest = 28;  // the largest side of any character of a face, before jitter
constexpr int kLoadSize = 256;   // outlines are loaded large, so that rounding to 1/64 pixel does not show

std::filesystem::path fonts_folder() {
  const char* folder = std::getenv("BELAMY_FONTS");
  return folder && *folder ? folder : "/usr/share/fonts";
}

FT_Fixed fixed(double factor) {
  return std::lround(factor * 65536);
}

FT_BBox box_of(FT_Outline* outline) {
  FT_BBox box;
  FT_Outline_Get_BBox(outline, &box);
  return box;
}

struct CloseLibrary {
  void operator()(FT_Library library) const { FT_Done_FreeType(library); }
};
using Library = std::unique_ptr<FT_LibraryRec_, CloseLibrary>;

// A copy of an outline, centred on the origin.
class Outline {
 public:
  Outline(FT_Library library, const FT_Outline& from) : library_(library) {
    FT_Outline_New(library, static_cast<FT_UInt>(from.n_points), from.n_contours, &outline_);
    FT_Outline_Copy(&from, &outline_);
    centre();
  }
  Outline(const Outline& other) : Outline(other.library_, other.outline_) {}
  Outline& operator=(const Outline&) = delete;
  ~Outline() { FT_Outline_Done(library_, &outline_); }

  double width() { return static_cast<double>(box_.xMax - box_.xMin) / 64; }
  double height() { return static_cast<double>(box_.yMax - box_.yMin) / 64; }

  void transform(double xx, double xy, double yx, double yy) {
    const FT_Matrix matrix{fixed(xx), fixed(xy), fixed(yx), fixed(yy)};
    FT_Outline_Transform(&outline_, &matrix);
    centre();
  }

  /// Draws into [side, side], the centre `x` and `y` pixels from the middle.
  void draw(double x, double y, std::uint8_t* pixels, int side = kSide) {
    FT_Outline_Translate(&outline_, std::lround((x + side / 2.0) * 64), std::lround((y + side / 2.0) * 64));
    FT_Bitmap bitmap{};
    bitmap.rows = bitmap.width = static_cast<unsigned>(side);
    bitmap.pitch = side;
    bitmap.buffer = pixels;
    bitmap.num_grays = 256;
    bitmap.pixel_mode = FT_PIXEL_MODE_GRAY;
    FT_Outline_Get_Bitmap(library_, &outline_, &bitmap);
  }

 private:
  void centre() {
    box_ = box_of(&outline_);
    FT_Outline_Translate(&outline_, -(box_.xMin + box_.xMax) / 2, -(box_.yMin + box_.yMax) / 2);
  }

  FT_Library library_;
  FT_Outline outline_{};
  FT_BBox box_{};
};

// Scales all characters of a face alike, so that x and X differ.
std::vector<Outline> load_face(FT_Library library, const Font& font, double slant = 0) {
  const auto path = fonts_folder() / font.file;
  const auto failure = [&](const std::string& reason) {
    return data_error(
        fmt::format("{}: {}, which the data set glyphs needs", path.string(), reason),
        fmt::format("install it with 'apt-get install {}'; tools/packages.txt lists all", font.package));
  };
  if (!std::filesystem::exists(path)) throw failure("no such font");
  FT_Face opened = nullptr;
  if (FT_New_Face(library, path.c_str(), 0, &opened) != 0) throw failure("not a readable font");
  const std::unique_ptr<FT_FaceRec_, FT_Error (*)(FT_Face)> face(opened, FT_Done_Face);
  if (FT_Set_Pixel_Sizes(face.get(), 0, kLoadSize) != 0) throw failure("not a font of outlines");

  std::vector<Outline> outlines;
  double largest = 0;
  for (const char character : kCharacters) {
    const FT_UInt glyph = FT_Get_Char_Index(face.get(), static_cast<FT_ULong>(character));
    if (glyph == 0 || FT_Load_Glyph(face.get(), glyph, FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP) != 0 ||
        face->glyph->format != FT_GLYPH_FORMAT_OUTLINE || face->glyph->outline.n_points == 0) {
      throw failure(fmt::format("no outline for '{}' in the font", character));
    }
    outlines.emplace_back(library, face->glyph->outline);
    if (slant > 0) outlines.back().transform(1, slant, 0, 1);
    largest = std::max({largest, outlines.back().width(), outlines.back().height()});
  }
  const double scale = kLargest / largest;
  for (auto& outline : outlines) outline.transform(scale, 0, 0, scale);
  return outlines;
}

// Turns by up to 6 degrees, shears, scales and shifts by up to 1.5 pixels, as far as the margin allows.
void draw_jittered(Outline outline, Random& random, std::uint8_t* pixels) {
  const double angle = random.uniform(-6, 6) * std::numbers::pi / 180, shear = random.uniform(-0.08, 0.08);
  const double scale = random.uniform(0.9, 1.05);
  const double right = random.uniform(-1.5, 1.5), up = random.uniform(-1.5, 1.5);
  const double c = scale * std::cos(angle), s = scale * std::sin(angle);
  outline.transform(c, c * shear - s, s, s * shear + c);

  const double room = kSide - 2 * kMargin;
  const double size = std::max(outline.width(), outline.height());
  if (size > room) outline.transform(room / size, 0, 0, room / size);
  // Rounding moves an outline by about 1/64 pixel: that much of the shift stays unused.
  const double x = std::max(0.0, (room - outline.width()) / 2 - 0.05);
  const double y = std::max(0.0, (room - outline.height()) / 2 - 0.05);
  outline.draw(std::clamp(right, -x, x), std::clamp(up, -y, y), pixels);
}

}  // namespace

namespace {

Library open_library() {
  FT_Library opened = nullptr;
  if (FT_Init_FreeType(&opened) != 0)
    throw data_error("FreeType, which the data set glyphs needs, does not start");
  return Library(opened);
}

constexpr std::size_t kPlane = kSide * kSide;

Dataset empty_set(const std::string& name) {
  Dataset set;
  set.name = name;
  set.channels = 1;
  set.height = set.width = kSide;
  for (const char character : kCharacters) set.class_names.emplace_back(1, character);
  return set;
}

std::string style_name(const Font& font) {
  return std::filesystem::path(font.file).stem().string() + ", " + font.style;
}

// Adds every character in every face, many times, to a set that already has its styles.
void draw_faces(Dataset& set, const std::vector<std::vector<Outline>>& faces, std::int64_t seed,
                Split split) {
  const int copies = split == Split::test ? 2 : 16;
  set.count = static_cast<std::int64_t>(copies * faces.size() * kCharacters.size());
  set.pixels.resize(static_cast<std::size_t>(set.count) * kPlane);
  std::uint8_t* pixels = set.pixels.data();
  Random random(static_cast<std::uint64_t>(seed), split == Split::test ? 1 : 0);
  for (int copy = 0; copy < copies; ++copy) {
    for (std::size_t style = 0; style < faces.size(); ++style) {
      for (std::size_t label = 0; label < kCharacters.size(); ++label, pixels += kPlane) {
        draw_jittered(faces[style][label], random, pixels);
        set.labels.push_back(static_cast<std::int64_t>(label));
        set.styles.push_back(static_cast<std::int64_t>(style));
      }
    }
  }
}

}  // namespace

Dataset make_glyphs(std::int64_t seed, Split split) {
  const auto library = open_library();
  auto set = empty_set("glyphs");
  std::vector<std::vector<Outline>> faces;
  for (const auto& font : kFonts) {
    faces.push_back(load_face(library.get(), font));
    set.style_names.push_back(style_name(font));
  }
  draw_faces(set, faces, seed, split);
  return set;
}

const std::vector<std::string>& glyph_attributes() {
  static const std::vector<std::string> names = {"bold", "italic", "serif", "mono", "script"};
  return names;
}

Dataset make_styled_glyphs(std::int64_t seed, Split split) {
  const auto library = open_library();
  auto set = empty_set("glyphs");
  std::vector<std::vector<Outline>> faces;
  std::vector<std::array<bool, 5>> attributes;  // of each face
  for (const auto& family : kFamilies) {
    for (const bool italic : {false, true}) {
      for (const bool bold : {false, true}) {
        const auto face = face_of(family, bold, italic);
        faces.push_back(load_face(library.get(), face.font, face.slant));
        set.style_names.push_back(style_name(face.font) + (face.slant > 0 ? ", slanted" : ""));
        attributes.push_back({bold, italic, family.serif, family.mono, family.script});
      }
    }
  }
  draw_faces(set, faces, seed, split);
  set.attribute_names = glyph_attributes();
  for (const auto style : set.styles) {
    for (const bool has : attributes[static_cast<std::size_t>(style)]) set.attributes.push_back(has);
  }
  return set;
}

namespace {

constexpr int kCaptionSide = 64;

struct NamedColour {
  const char *name, *other;  // two words for it
  std::array<double, 3> rgb;
};
constexpr std::array kColours = {
    NamedColour{"red", "crimson", {230, 40, 45}},     NamedColour{"orange", "amber", {245, 145, 30}},
    NamedColour{"yellow", "golden", {245, 225, 50}},  NamedColour{"green", "emerald", {50, 190, 75}},
    NamedColour{"cyan", "turquoise", {60, 215, 215}}, NamedColour{"blue", "azure", {60, 100, 240}},
    NamedColour{"purple", "violet", {165, 65, 215}},  NamedColour{"white", "pale", {240, 240, 240}},
};
constexpr std::array kWeightWords = {std::pair{"regular", "plain"}, std::pair{"bold", "heavy"}};
constexpr std::array kSlantWords = {std::pair{"upright", "straight"}, std::pair{"italic", "slanted"}};
constexpr std::array kKindWords = {std::pair{"sans", "sans-serif"}, std::pair{"serif", "roman"},
                                   std::pair{"mono", "typewriter"}};
constexpr std::array kSizeWords = {std::pair{"small", "tiny"}, std::pair{"medium", "mid-sized"},
                                   std::pair{"large", "big"}};
constexpr std::array kSizes = {0.5, 0.72, 1.0};

// What a picture of a captioned letter shows.
struct Look {
  std::size_t letter, colour, bold, italic, kind, size;
};

// One of eight patterns, with one of two words for each property. Unless it is `complete`, three in ten of the words for
// other properties than letter and colour are left out.
std::string caption_of(const Look& look, bool complete, Random& random) {
  const auto either = [&](const char* one, const char* other) {
    return std::string(random.below(2) == 0 ? one : other);
  };
  const auto perhaps = [&](const auto& words) {
    const auto word = either(words.first, words.second);
    return !complete && random.uniform() < 0.3 ? std::string() : word;
  };
  const std::string letter(1, kCharacters[10 + look.letter]);
  const auto colour = either(kColours[look.colour].name, kColours[look.colour].other);
  const auto weight = perhaps(kWeightWords[look.bold]), slant = perhaps(kSlantWords[look.italic]),
             kind = perhaps(kKindWords[look.kind]), size = perhaps(kSizeWords[look.size]);
  const auto joined = [](const std::vector<std::string>& words, const char* between) {
    std::string text;
    for (const auto& word : words) {
      if (!word.empty()) text += (text.empty() ? "" : between) + word;
    }
    return text;
  };
  switch (random.below(8)) {
    case 0: return "a " + joined({size, colour, weight, slant, kind, letter}, " ");
    case 1: return "letter " + joined({letter, colour, size, weight, slant, kind}, ", ");
    case 2: return "the letter " + letter + " in " + joined({colour, size, weight, slant, kind}, " and ");
    case 3: return joined({colour, letter, weight, slant, kind, size}, ", ");
    case 4: return "one " + joined({weight, slant, kind, letter}, " ") + ", " + joined({size, colour}, " ");
    case 5:
      return "this is a " + joined({kind, letter}, " ") + ", " + joined({colour, weight, slant, size}, ", ");
    case 6:
      return joined({size, weight, colour}, " ") + " " + letter + ", " +
             joined({slant, kind, "capital"}, " ");
    default: return "capital " + letter + ": " + joined({colour, kind, slant, weight, size}, " ");
  }
}

// The letter in its colour on a dark ground, turned and moved a little: planes [3, 64, 64].
void draw_coloured(Outline outline, const Look& look, Random& random, std::uint8_t* planes) {
  constexpr std::size_t plane = std::size_t{kCaptionSide} * kCaptionSide;
  const double angle = random.uniform(-4, 4) * std::numbers::pi / 180;
  const double scale = kSizes[look.size] * random.uniform(0.94, 1.03) * kCaptionSide / kSide;
  const double right = random.uniform(-5, 5), up = random.uniform(-5, 5), ground = random.uniform(20, 60);
  outline.transform(scale * std::cos(angle), -scale * std::sin(angle), scale * std::sin(angle),
                    scale * std::cos(angle));
  const auto room = [](double size) { return std::max(0.0, (kCaptionSide - 2 - size) / 2); };
  const double x = std::clamp(right, -room(outline.width()), room(outline.width())),
               y = std::clamp(up, -room(outline.height()), room(outline.height()));
  std::vector<std::uint8_t> ink(plane);
  outline.draw(x, y, ink.data(), kCaptionSide);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < plane; ++i) {
      const double share = ink[i] / 255.0;
      planes[c * plane + i] =
          static_cast<std::uint8_t>(std::lround(ground + share * (kColours[look.colour].rgb[c] - ground)));
    }
  }
}

// The same tenth of all combinations, without a pattern in any of their properties.
bool is_held_out(std::size_t combination) {
  return (static_cast<std::uint32_t>(combination + 1) * 2654435761u >> 16) % 10 == 0;
}

}  // namespace

Dataset make_captioned_glyphs(std::int64_t seed, Split split, bool unseen) {
  const auto library = open_library();
  Dataset set;
  set.name = unseen ? kCaptionedGlyphs : kSeenCombinations;
  set.channels = 3;
  set.height = set.width = kCaptionSide;
  for (char letter = 'A'; letter <= 'Z'; ++letter) set.class_names.emplace_back(1, letter);
  for (const auto& colour : kColours) set.attribute_names.emplace_back(colour.name);
  for (const char* name : {"bold", "italic", "serif", "mono", "small", "large"})
    set.attribute_names.emplace_back(name);

  // Faces of a kind: [bold][italic][family].
  using Faces = std::array<std::array<std::vector<std::vector<Outline>>, 2>, 2>;
  std::array<Faces, 3> kinds;
  for (const auto& family : kFamilies) {
    if (family.script) continue;
    auto& kind = kinds[family.mono ? 2 : family.serif ? 1 : 0];
    for (const bool bold : {false, true}) {
      for (const bool italic : {false, true}) {
        const auto face = face_of(family, bold, italic);
        kind[bold][italic].push_back(load_face(library.get(), face.font, face.slant));
      }
    }
  }
  const bool test = split == Split::test;
  Random random(static_cast<std::uint64_t>(seed), test ? 1 : 0);
  constexpr std::size_t bytes = std::size_t{3} * kCaptionSide * kCaptionSide;
  for (std::size_t i = 0; i < 26 * kColours.size() * 2 * 2 * 3 * 3; ++i) {
    if (is_held_out(i) != (test && unseen)) continue;
    auto rest = i;
    const auto next = [&](std::size_t count) {
      const auto value = rest % count;
      rest /= count;
      return value;
    };
    Look look{};
    look.size = next(3);
    look.kind = next(3);
    look.italic = next(2);
    look.bold = next(2);
    look.colour = next(kColours.size());
    look.letter = next(26);
    for (int copy = 0; copy < (test ? 1 : 2); ++copy) {
      const auto& families = kinds[look.kind][look.bold][look.italic];
      const auto& face = families[random.below(families.size())];
      set.pixels.resize(set.pixels.size() + bytes);
      draw_coloured(face[10 + look.letter], look, random, set.pixels.data() + set.pixels.size() - bytes);
      set.labels.push_back(static_cast<std::int64_t>(look.letter));
      set.captions.push_back(caption_of(look, test, random));
      for (std::size_t c = 0; c < kColours.size(); ++c) set.attributes.push_back(c == look.colour);
      for (const bool has :
           {look.bold == 1, look.italic == 1, look.kind == 1, look.kind == 2, look.size == 0, look.size == 2})
        set.attributes.push_back(has);
      ++set.count;
    }
  }
  return set;
}

Dataset make_glyph_pairs(const std::string& name, std::int64_t seed, Split split) {
  const auto library = open_library();
  auto a = empty_set(name), b = empty_set(name);
  std::vector<std::vector<Outline>> faces;  // A, B, A, B, ...
  for (const auto& pair : pairs_of(name)) {
    faces.push_back(load_face(library.get(), pair.a));
    faces.push_back(load_face(library.get(), pair.b));
    a.style_names.push_back(style_name(pair.a));
    b.style_names.push_back(style_name(pair.b));
  }

  const bool test = split == Split::test;
  Random random(static_cast<std::uint64_t>(seed), test ? 1 : 0);
  for (int copy = 0; copy < (test ? 4 : 16); ++copy) {
    for (std::size_t style = 0; style < a.style_names.size(); ++style) {
      for (std::size_t label = 0; label < kCharacters.size(); ++label) {
        const bool held_out = label % 6 == 4;
        if (held_out != test) continue;
        auto same = random;
        for (auto* set : {&a, &b}) {
          set->pixels.resize(set->pixels.size() + kPlane);
          auto& jitter = set == &a ? random : same;
          draw_jittered(faces[2 * style + (set == &b)][label], jitter,
                        set->pixels.data() + set->pixels.size() - kPlane);
          set->labels.push_back(static_cast<std::int64_t>(label));
          set->styles.push_back(static_cast<std::int64_t>(style));
          ++set->count;
        }
      }
    }
  }
  a.others.push_back(std::move(b));
  a.paired = true;
  return a;
}

const std::vector<std::pair<std::string, std::string>>& glyph_pair_sets() {
  static const std::vector<std::pair<std::string, std::string>> sets = {
      {"glyphs-bold", "pairs of letters and digits, regular and bold, 32x32 gray, 9,984 + 480"},
      {"glyphs-italic", "pairs of letters and digits, upright and italic, 32x32 gray, 9,984 + 480"},
      {"glyphs-sans", "pairs of letters and digits, serif and sans, 32x32 gray, 4,160 + 200"},
  };
  return sets;
}

}  // namespace belamy
