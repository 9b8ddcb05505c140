// HTML in the shapes that word processors put on the clipboard, written for these tests.

export const googleDocs = `<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-0">
<h1 dir="ltr" style="line-height:1.38;margin-top:20pt;"><span style="font-size:20pt;font-weight:400;white-space:pre-wrap;">Plan</span></h1>
<p dir="ltr" style="line-height:1.38;"><span style="font-weight:400;font-style:normal;text-decoration:none;white-space:pre-wrap;">Some </span><span style="font-weight:700;white-space:pre-wrap;">bold</span><span style="font-weight:400;white-space:pre-wrap;"> and </span><a href="https://a.example/" style="text-decoration:none;"><span style="color:#1155cc;text-decoration:underline;white-space:pre-wrap;">a link</span></a><span style="white-space:pre-wrap;">.</span></p>
<br />
<ul style="margin-top:0;"><li dir="ltr" style="list-style-type:disc;" aria-level="1"><p dir="ltr" role="presentation"><span style="white-space:pre-wrap;">one</span></p></li><ul><li dir="ltr" aria-level="2"><p dir="ltr" role="presentation"><span style="white-space:pre-wrap;">inner</span></p></li></ul><li dir="ltr" aria-level="1"><p dir="ltr" role="presentation"><span style="white-space:pre-wrap;">two</span></p></li></ul>
<ul><li dir="ltr" role="checkbox" aria-checked="true" aria-level="1"><img src="data:image/png;base64,iVBORw0KGgo=" width="18" alt="checked"><p style="display:inline-block;" role="presentation"><span style="white-space:pre-wrap;">done</span></p></li><li role="checkbox" aria-checked="false"><p><span style="white-space:pre-wrap;">open</span></p></li></ul>
<p dir="ltr" style="text-align: center;"><span style="white-space:pre-wrap;">centred</span></p></b><br class="Apple-interchange-newline">`

export const wordDocument = `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta name=Generator content="Microsoft Word 15">
<style><!-- p.MsoNormal {margin:0cm; font-weight:bold;} --></style></head><body lang=EN-GB>
<!--StartFragment-->
<p class=MsoTitle><span lang=EN-US>Report<o:p></o:p></span></p>
<h2><b><span style='mso-fareast-language:EN-GB'>Part</span></b></h2>
<p class=MsoNormal>Text with <b style='mso-bidi-font-weight:normal'>bold</b> and
<i>slanted</i> words.<o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>first<o:p></o:p></p>
<p class=MsoListParagraphCxSpMiddle style='mso-list:l0 level2 lfo1'><![if !supportLists]><span><span style='mso-list:Ignore'>o<span>&nbsp;&nbsp; </span></span></span><![endif]>deeper<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='mso-list:l1 level1 lfo2'><!--[if !supportLists]--><span><span style='mso-list:Ignore'>1.<span>&nbsp;&nbsp; </span></span></span><!--[endif]-->number one<o:p></o:p></p>
<p class=MsoQuote>Said somebody<o:p></o:p></p>
<!--EndFragment--></body></html>`

/** Word puts the comments of what was copied behind the text. */
export const wordComments = `<html xmlns:o="urn:schemas-microsoft-com:office:office"><body lang=EN-GB>
<!--StartFragment-->
<p class=MsoNormal>The <a style='mso-comment-reference:AL_1;mso-comment-date:20260102T0900'>price</a><span class=MsoCommentReference><span style='font-size:8.0pt'><![if !supportAnnotations]><a class=msocomanchor id="_anchor_1" href="#_msocom_1" language=JavaScript name="_msoanchor_1">[AL1]</a><![endif]><span style='mso-special-character:comment'>&nbsp;</span></span></span>, which is final.<o:p></o:p></p>
<p class=MsoNormal>More.<o:p></o:p></p>
<div style='mso-element:comment-list'><![if !supportAnnotations]><hr class=msocomoff align=left size=1 width="33%"><![endif]>
<div style='mso-element:comment'><div id="_com_1" class=msocomtxt><p class=MsoCommentText><span style='mso-element:field-begin'></span><a class=msocomoff href="#_msoanchor_1">[AL1]</a>They would pay more.<o:p></o:p></p></div></div></div>
<!--EndFragment--></body></html>`
