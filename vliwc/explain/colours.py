"""The colours of engines in all drawings; they can be told apart on white and on black."""

ENGINE_COLOURS = {
    "alu": "#4269d0",
    "valu": "#3ca951",
    "load": "#efb118",
    "store": "#a463f2",
    "flow": "#ff725c",
}
