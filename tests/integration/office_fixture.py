"""Office files made here member by member, with something of everything that the usual print leaves out."""

# ruff: noqa: E501 - the elements of the formats are long
from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Mapping

import pytest

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument."
ODF = "urn:oasis:names:tc:opendocument:xmlns"
NAMES = (
    f'xmlns:office="{ODF}:office:1.0" xmlns:text="{ODF}:text:1.0" xmlns:table="{ODF}:table:1.0" '
    f'xmlns:draw="{ODF}:drawing:1.0" xmlns:style="{ODF}:style:1.0" xmlns:presentation="{ODF}:presentation:1.0" '
    f'xmlns:svg="{ODF}:svg-compatible:1.0" xmlns:fo="{ODF}:xsl-fo-compatible:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'
)
needs_office = pytest.mark.skipif(not shutil.which("soffice"), reason="there is no LibreOffice here")


def pack(members: Mapping[str, str | bytes]) -> bytes:
    """Pack members into a ZIP; the media type of an OpenDocument stays unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            made.writestr(zipfile.ZipInfo(name), data, kind)
    return out.getvalue()


def relate(*relations: tuple[str, str, str, bool]) -> str:
    """Write a part of relations: id, kind, target, and whether it leads outside."""
    inside = "".join(
        f'<Relationship Id="{key}" Type="{kind if kind.startswith("http") else f"{R}/{kind}"}" Target="{target}"'
        f"{' TargetMode=' + chr(34) + 'External' + chr(34) if outside else ''}/>"
        for key, kind, target, outside in relations
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inside}</Relationships>'


def type_parts(**kinds: str) -> str:
    """Write the list of types, parts named with __ for the slash and _ for the dot."""
    inside = "".join(
        f'<Override PartName="/{name.replace("__", "/").replace("_xml", ".xml")}" ContentType="{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    return (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{inside}</Types>'
    )


def make_docx(
    *, body: str = "", relations: tuple[tuple[str, str, str, bool], ...] = (), **more: str | bytes
) -> bytes:
    """A text with a comment, tracked changes, hidden text, a picture's description and an embedded file."""
    text = f"""<w:document xmlns:w="{W}" xmlns:r="{R}" xmlns:wp="urn:wp"><w:body>
<w:p><w:r><w:t>The panel met on Tuesday and heard the word quillfeather.</w:t></w:r></w:p>
<w:p><w:commentRangeStart w:id="0"/><w:r><w:t>Thirty pupils answered.</w:t></w:r><w:commentRangeEnd w:id="0"/>
<w:r><w:commentReference w:id="0"/></w:r></w:p>
<w:p><w:del w:id="1" w:author="Bo Example"
w:date="2026-01-02T00:00:00Z"><w:r><w:delText>worrisome</w:delText></w:r></w:del> <w:ins w:id="2" w:author="Bo
Example" w:date="2026-01-02T00:00:00Z"><w:r><w:t>harmless</w:t></w:r></w:ins></w:p>
<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>unseenstretch</w:t></w:r></w:p>
{body}<w:sectPr/></w:body></w:document>"""
    comments = (
        f'<w:comments xmlns:w="{W}"><w:comment w:id="0" w:author="Cy Example" w:date="2026-01-03T00:00:00Z">'
        "<w:p><w:r><w:t>was it marginnote</w:t></w:r></w:p></w:comment></w:comments>"
    )
    return pack(
        {
            "[Content_Types].xml": type_parts(
                word__document_xml=f"{KIND}wordprocessingml.document.main",
                word__comments_xml=f"{KIND}wordprocessingml.comments",
            ),
            "_rels/.rels": relate(("r1", "officeDocument", "word/document.xml", False)),
            "word/document.xml": text,
            "word/_rels/document.xml.rels": relate(("r1", "comments", "comments.xml", False), *relations),
            "word/comments.xml": comments,
            "word/embeddings/oleObject1.bin": b"inside",
            **{name.replace("__", "/"): data for name, data in more.items()},
        }
    )


def make_pptx(slides: int = 3, *, hidden: int = 2, noted: int = 2) -> bytes:
    """Slides, one of them hidden, one with a speaker note."""
    shape = (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="t"/><p:cNvSpPr/><p:nvPr>{mark}</p:nvPr></p:nvSpPr><p:spPr>{place}'
        "</p:spPr><p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )
    tree = (
        '<p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
        "{inside}</p:spTree></p:cSld>"
    )
    spaces = f'xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{R}"'
    colours = (
        '<p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2" accent3="accent3" '
        'accent4="accent4" accent5="accent5" accent6="accent6" hlink="hlink" folHlink="folHlink"/>'
    )
    place = (
        '<a:xfrm><a:off x="500000" y="500000"/><a:ext cx="6000000" cy="900000"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    )
    empty = tree.format(inside="")
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": type_parts(
            ppt__presentation_xml=f"{KIND}presentationml.presentation.main",
            ppt__slideMasters__slideMaster1_xml=f"{KIND}presentationml.slideMaster",
            ppt__slideLayouts__slideLayout1_xml=f"{KIND}presentationml.slideLayout",
            ppt__notesSlides__notesSlide1_xml=f"{KIND}presentationml.notesSlide",
            **{f"ppt__slides__slide{n}_xml": f"{KIND}presentationml.slide" for n in range(1, slides + 1)},
        ),
        "_rels/.rels": relate(("r1", "officeDocument", "ppt/presentation.xml", False)),
        "ppt/presentation.xml": f'<p:presentation {spaces}><p:sldMasterIdLst><p:sldMasterId id="2147483648" '
        'r:id="m"/></p:sldMasterIdLst><p:sldIdLst>'
        + "".join(f'<p:sldId id="{255 + n}" r:id="s{n}"/>' for n in range(1, slides + 1))
        + '</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relate(
            ("m", "slideMaster", "slideMasters/slideMaster1.xml", False),
            *((f"s{n}", "slide", f"slides/slide{n}.xml", False) for n in range(1, slides + 1)),
        ),
        "ppt/slideMasters/slideMaster1.xml": f"<p:sldMaster {spaces}>{empty}{colours}</p:sldMaster>",
        "ppt/slideMasters/_rels/slideMaster1.xml.rels": relate(
            ("r1", "slideLayout", "../slideLayouts/slideLayout1.xml", False)
        ),
        "ppt/slideLayouts/slideLayout1.xml": f"<p:sldLayout {spaces}>{empty}</p:sldLayout>",
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": relate(
            ("r1", "slideMaster", "../slideMasters/slideMaster1.xml", False)
        ),
    }
    for number in range(1, slides + 1):
        inside = tree.format(inside=shape.format(mark="", place=place, text=f"Slide word slideword{number}"))
        show = ' show="0"' if number == hidden else ""
        members[f"ppt/slides/slide{number}.xml"] = f"<p:sld {spaces}{show}>{inside}</p:sld>"
        relations = [("l", "slideLayout", "../slideLayouts/slideLayout1.xml", False)]
        if number == noted:
            relations.append(("n", "notesSlide", "../notesSlides/notesSlide1.xml", False))
            mark = '<p:ph type="body" idx="1"/>'
            note = tree.format(inside=shape.format(mark=mark, place=place, text="spokennote"))
            members["ppt/notesSlides/notesSlide1.xml"] = f"<p:notes {spaces}>{note}</p:notes>"
            members["ppt/notesSlides/_rels/notesSlide1.xml.rels"] = relate(
                ("s", "slide", f"../slides/slide{number}.xml", False)
            )
        members[f"ppt/slides/_rels/slide{number}.xml.rels"] = relate(*relations)
    return pack(members)


def make_xlsx(sheets: int = 2, *, rows: int = 3, columns: int = 3) -> bytes:
    """Sheets of which the last is very hidden; the first has a hidden row, a hidden column and a comment."""
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": type_parts(
            xl__workbook_xml=f"{KIND}spreadsheetml.sheet.main",
            xl__comments1_xml=f"{KIND}spreadsheetml.comments",
            **{
                f"xl__worksheets__sheet{n}_xml": f"{KIND}spreadsheetml.worksheet"
                for n in range(1, sheets + 1)
            },
        ),
        "_rels/.rels": relate(("r1", "officeDocument", "xl/workbook.xml", False)),
        "xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets>'
        + "".join(
            f'<sheet name="Sheet {n}" sheetId="{n}" r:id="r{n}"'
            + (' state="veryHidden"' if n == sheets > 1 else "")
            + "/>"
            for n in range(1, sheets + 1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relate(
            *((f"r{n}", "worksheet", f"worksheets/sheet{n}.xml", False) for n in range(1, sheets + 1))
        ),
        "xl/comments1.xml": f'<comments xmlns="{S}"><authors><author>Di Example</author></authors><commentList>'
        '<comment ref="A1" authorId="0"><text><r><t>cellremark</t></r></text></comment></commentList></comments>',
        "xl/worksheets/_rels/sheet1.xml.rels": relate(("c", "comments", "../comments1.xml", False)),
    }
    for number in range(1, sheets + 1):
        cells = "".join(
            f'<row r="{row}"{" hidden=" + chr(34) + "1" + chr(34) if row == 2 and number == 1 else ""}>'
            + "".join(
                f'<c r="{name_column(column)}{row}" t="inlineStr"><is><t>n{number}r{row}c{column}</t></is></c>'
                for column in range(1, columns + 1)
            )
            + "</row>"
            for row in range(1, rows + 1)
        )
        stripes = '<cols><col min="2" max="2" width="9" hidden="1"/></cols>' if number == 1 else ""
        members[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{S}">{stripes}<sheetData>{cells}</sheetData></worksheet>'
        )
    return pack(members)


def name_column(number: int) -> str:
    """Name a column from 1 as spreadsheets do, up to Z."""
    return chr(ord("A") + number - 1)


def make_odf(kind: str, body: str, styles: str = "", **more: str) -> bytes:
    """Make an OpenDocument of a kind such as text, its body and its automatic styles."""
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    content = (
        f'<office:document-content {NAMES} office:version="1.3"><office:automatic-styles>{styles}'
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body>"
        "</office:document-content>"
    )
    space = f'xmlns:manifest="{ODF}:manifest:1.0"'
    manifest = (
        f'<manifest:manifest {space} manifest:version="1.3"><manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="{media_type}"/><manifest:file-entry manifest:full-path="content.xml" '
        f'manifest:media-type="text/xml"/>{more.get("manifest", "")}</manifest:manifest>'
    )
    return pack({"mimetype": media_type, "content.xml": content, "META-INF/manifest.xml": manifest})


def make_odt() -> bytes:
    """A text with a comment, a deletion that is tracked, and hidden text."""
    body = (
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><office:change-info>'
        "<dc:creator>Bo Example</dc:creator><dc:date>2026-01-02T00:00:00</dc:date></office:change-info>"
        "<text:p>strickenword</text:p></text:deletion></text:changed-region></text:tracked-changes>"
        "<text:p>Open words with<office:annotation><dc:creator>Cy "
        "Example</dc:creator><text:p>odtremark</text:p>"
        '</office:annotation> a remark.<text:change text:change-id="c1"/></text:p>'
        '<text:p><text:span text:style-name="H">odthidden</text:span></text:p>'
    )
    styles = '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>'
    return make_odf("text", body, styles)


def make_odp() -> bytes:
    """Two slides, the second hidden and with a note."""
    frame = '<draw:frame svg:x="2cm" svg:y="2cm" svg:width="12cm" svg:height="3cm"><draw:text-box><text:p>{}</text:p>'
    frame += "</draw:text-box></draw:frame>"
    styles = (
        '<style:style style:name="V" style:family="drawing-page"><style:drawing-page-properties '
        'presentation:visibility="hidden"/></style:style>'
    )
    body = (
        f'<draw:page draw:name="one">{frame.format("odpfirst")}</draw:page>'
        f'<draw:page draw:name="two" draw:style-name="V">{frame.format("odpsecond")}<presentation:notes>'
        f"{frame.format('odpnote')}</presentation:notes></draw:page>"
    )
    return make_odf("presentation", body, styles)


def make_ods() -> bytes:
    """Two sheets, the second hidden; a hidden row in the first."""
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    styles = '<style:style style:name="T" style:family="table"><style:table-properties table:display="false"/></style:style>'
    body = (
        f'<table:table table:name="One"><table:table-row>{cell.format("odsseen")}</table:table-row>'
        f'<table:table-row table:visibility="collapse">{cell.format("odsrow")}</table:table-row></table:table>'
        f'<table:table table:name="Two" table:style-name="T"><table:table-row>{cell.format("odssheet")}'
        "</table:table-row></table:table>"
    )
    return make_odf("spreadsheet", body, styles)


def replace_member(data: bytes, name: str, content: bytes) -> bytes:
    """Write a package again with one member replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return pack({**{each: packed.read(each) for each in packed.namelist()}, name: content})
