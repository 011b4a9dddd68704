package experiments

import (
	"reflect"
	"strings"
)

// check turns what Check returned into faults at the options' places.
func (d *decoder) check(err error, at positions, owner string) {
	for _, p := range problems(err) {
		n := at.of(p.option)
		if n == nil {
			d.faults = append(d.faults, &Fault{File: d.file.name, Msg: strings.TrimSpace(owner + ": " + p.option + " " + p.msg)})
			continue
		}
		d.fault(n, "%s", strings.TrimSpace(p.option[strings.LastIndexByte(p.option, '.')+1:]+" "+p.msg))
	}
}

type problem struct{ option, msg string }

// problems takes apart what Check of a method, a metric or the training
// settings returned. Each package has a Problem type of its own, with the same
// two fields, since they do not import each other.
func problems(err error) []problem {
	if err == nil {
		return nil
	}
	if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
		o, m := v.Elem().FieldByName("Option"), v.Elem().FieldByName("Msg")
		if o.IsValid() && m.IsValid() && o.Kind() == reflect.String && m.Kind() == reflect.String {
			return []problem{{o.String(), m.String()}}
		}
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		var ps []problem
		for _, x := range e.Unwrap() {
			ps = append(ps, problems(x)...)
		}
		return ps
	case interface{ Unwrap() error }:
		if ps := problems(e.Unwrap()); len(ps) > 0 && ps[0].option != "" {
			return ps
		}
	}
	return []problem{{"", err.Error()}}
}
