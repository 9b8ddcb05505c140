package server

// Setting is an option in force.
type Setting struct {
	Name   string `json:"name" doc:"Of the flag, such as --listen"`
	Value  string `json:"value" doc:"A secret only as set or unset"`
	Source string `json:"source" enum:"default,flag,environment"`
	Help   string `json:"help"`
}
