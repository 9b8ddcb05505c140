package convert

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// inlineState is the state inside an element.
func inlineState(node *html.Node, state htmlState) htmlState {
	if get(node, "data-spaces") == "kept" {
		state.keepSpaces = true
	}
	state = blockOf(node, state)
	if state.block.code {
		state = styled(get(node, "style"), state)
		state.marks = nil
		return state
	}
	switch node.DataAtom {
	case atom.B, atom.Strong:
		state.marks = state.marks.with("bold", "true")
	case atom.I, atom.Em, atom.Cite, atom.Var:
		state.marks = state.marks.with("italic", "true")
	case atom.U, atom.Ins:
		state.marks = state.marks.with("underline", "true")
	case atom.S, atom.Del, atom.Strike:
		state.marks = state.marks.with("strike", "true")
	case atom.Code, atom.Kbd, atom.Samp, atom.Tt:
		state.marks = state.marks.with("code", "true")
	case atom.Mark:
		state.marks = state.marks.with("background", `"#ffff00"`)
	case atom.A:
		if address, ok := find(node, "href"); ok {
			state.marks = state.marks.without("link").linked(address)
		}
	case atom.Font:
		state.marks = state.marks.colored("color", get(node, "color"), state.keepSpaces)
	}
	return styled(get(node, "style"), state)
}

// blockOf applies what a block element says of its lines.
func blockOf(node *html.Node, state htmlState) htmlState {
	switch node.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		state.block.header = int(node.Data[1] - '0')
	case atom.Blockquote:
		state.block.quote = true
	case atom.Pre:
		state.block.code, state.block.language = true, languageOf(node)
	case atom.Ul, atom.Ol, atom.Menu:
		state.list = "bullet"
		if node.DataAtom == atom.Ol {
			state.list = "ordered"
		}
		state.lists++
		state.block.item = nil
		state.block.header = 0
	case atom.Li:
		state.block.item = &itemState{list: itemList(node, state)}
		state.block.depth = min(max(state.lists-1, 0), maxIndent)
		state.levelOnly = onlyLists(node)
	}
	if align := get(node, "align"); align != "" && isBlock(node.DataAtom) {
		state.block.align = strings.ToLower(align)
	}
	if direction := get(node, "dir"); direction != "" {
		state.block.direction = strings.ToLower(direction)
	}
	return state
}

// itemList is the kind of a list item, with the attribute in which some
// editors keep it.
func itemList(node *html.Node, state htmlState) string {
	switch kind := get(node, "data-list"); kind {
	case "bullet", "ordered", "checked", "unchecked":
		return kind
	}
	if state.list == "" {
		return "bullet"
	}
	return state.list
}

// onlyLists reports whether an item holds a nested list and nothing else.
func onlyLists(node *html.Node) bool {
	nested := false
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		switch {
		case child.Type == html.TextNode && strings.TrimSpace(child.Data) != "":
			return false
		case child.Type != html.ElementNode:
		case child.DataAtom == atom.Ul || child.DataAtom == atom.Ol:
			nested = true
		default:
			return false
		}
	}
	return nested
}

// languageOf finds a code block's language in the usual class, on the <pre> or
// the <code> inside.
func languageOf(pre *html.Node) string {
	for _, node := range []*html.Node{pre, pre.FirstChild} {
		if node == nil {
			continue
		}
		for class := range strings.FieldsSeq(get(node, "class")) {
			if language, ok := strings.CutPrefix(class, "language-"); ok {
				return strings.ToLower(language)
			}
		}
	}
	return ""
}

// styled applies the few inline styles that documents know.
func styled(style string, state htmlState) htmlState {
	for declaration := range strings.SplitSeq(style, ";") {
		name, value, found := strings.Cut(declaration, ":")
		if !found {
			continue
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.ToLower(strings.TrimSpace(value))
		switch name {
		case "font-weight":
			weight, _ := strconv.Atoi(value)
			state.marks = state.marks.toggled("bold", value == "bold" || value == "bolder" || weight >= 600)
		case "font-style":
			state.marks = state.marks.toggled("italic", value == "italic" || value == "oblique")
		case "text-decoration", "text-decoration-line":
			if strings.Contains(value, "underline") {
				state.marks = state.marks.with("underline", "true")
			}
			if strings.Contains(value, "line-through") {
				state.marks = state.marks.with("strike", "true")
			}
		case "color", "background-color", "background":
			state.marks = state.marks.colored(strings.TrimSuffix(name, "-color"), value, state.keepSpaces)
		case "text-align":
			state.block.align = value
		case "direction":
			state.block.direction = value
		case "margin-inline-start":
			if em, err := strconv.Atoi(strings.TrimSuffix(value, "em")); err == nil && em > 0 {
				state.block.indent = min(em/2, maxIndent)
			}
		}
	}
	return state
}

// colored adds a colour. Word processors write black on white on every word;
// that is no colour, unless exact says the author means what is written.
func (m marksMap) colored(key, value string, exact bool) marksMap {
	color, ok := Color(value)
	if !ok || !exact && (key == "color" && color == "#000000" || key == "background" && color == "#ffffff") {
		return m
	}
	return m.with(key, jsonString(color))
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Caption, atom.Center, atom.Dd, atom.Details,
		atom.Dialog, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure, atom.Footer, atom.Form,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header, atom.Hgroup, atom.Html, atom.Legend, atom.Li,
		atom.Main, atom.Menu, atom.Nav, atom.Ol, atom.P, atom.Pre, atom.Search, atom.Section, atom.Summary, atom.Table,
		atom.Tbody, atom.Td, atom.Tfoot, atom.Th, atom.Thead, atom.Tr, atom.Ul:
		return true
	}
	return false
}
