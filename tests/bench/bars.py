"""bars: a chart of bars, each cut into kinds of different colours. Knows nothing of what they mean."""

LEFT, WIDE, BAR, GAP, HEAD = 270, 560, 18, 6, 28
IN_A_LINE, EACH = 4, 200  # of the legend


def chart(title, rows, colours):
    """rows: pairs of a label and a dictionary of values by kind; colours: of each kind, in their order."""
    most = max(sum(values.values()) for _, values in rows) or 1
    below = HEAD + (BAR + GAP) * len(rows) + 12
    height = below + 18 * -(-len(colours) // IN_A_LINE)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDE + 70}" height="{height}" font-family="sans-serif" font-size="12">',
           f'<text x="{LEFT}" y="16">{title}</text>']
    for i, (label, values) in enumerate(rows):
        x, y = float(LEFT), HEAD + i * (BAR + GAP)
        out.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{label}</text>')
        for kind, colour in colours.items():
            width = values.get(kind, 0) / most * WIDE
            out.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>')
            x += width
        out.append(f'<text x="{x + 6:.0f}" y="{y + 13}">{sum(values.values()):.0f}</text>')
    for i, (kind, colour) in enumerate(colours.items()):
        x, y = 20 + i % IN_A_LINE * EACH, below + i // IN_A_LINE * 18
        out += [f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}"/>', f'<text x="{x + 17}" y="{y}">{kind}</text>']
    return "\n".join([*out, "</svg>"]) + "\n"
