// What is wrong with how a page looks: one line of words for each fault.
(() => {
  const faults = [];
  const name = (e) => `${e.tagName.toLowerCase()}.${e.getAttribute("class") || ""} '${e.textContent.trim().slice(0, 30)}'`;
  const numbers = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [dim, bright] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (bright + 0.05) / (dim + 0.05);
  };
  const over = ([r, g, b, alpha = 1], ground, share = 1) =>
    [r, g, b].map((c, i) => c * alpha * share + ground[i] * (1 - alpha * share));
  // What is painted behind the text of an element, from the canvas to the element itself.
  const behind = (e) => {
    const chain = [];
    for (let one = e; one; one = one.parentElement) chain.unshift(one);
    return chain.reduce((ground, one) => {
      const style = getComputedStyle(one);
      const box = one.tagName === "g" ? one.querySelector("rect") : one.tagName === "svg" ? one.querySelector(".ground") : null;
      if (box) return over(numbers(getComputedStyle(box).fill), ground, Number(getComputedStyle(box).fillOpacity));
      return style.backgroundImage === "none" ? over(numbers(style.backgroundColor), ground) : ground;
    }, [255, 255, 255]);
  };
  const texts = [...document.querySelectorAll("body *, svg text")].filter(
    (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) && !["style", "title"].includes(e.tagName.toLowerCase()),
  );
  const seen = texts.filter((e) => e.getClientRects().length && e.checkVisibility());
  for (const e of seen) {
    const style = getComputedStyle(e);
    const colour = e.ownerSVGElement ? style.fill : style.color;
    const ground = behind(e);
    const ratio = contrast(over(numbers(colour), ground), ground);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${name(e)}`);
    if (parseFloat(style.fontSize) < 11) faults.push(`font of ${style.fontSize}: ${name(e)}`);
    // Each line of text is inside the box around it, unless that one scrolls on purpose.
    const range = document.createRange();
    range.selectNodeContents(e);
    const box = e.ownerSVGElement ? e.parentElement.querySelector("rect") : e.closest("pre, td, th, li, p, dd, dt, summary, h1, h2, h3, nav, article") || e;
    if (e.ownerSVGElement && e.parentElement.tagName !== "g") continue;
    if (getComputedStyle(box).overflow.includes("clip") || e.closest("thead")?.getBoundingClientRect().width === 1) continue;
    const outer = box.getBoundingClientRect();
    for (const line of e.ownerSVGElement ? [e.getBoundingClientRect()] : range.getClientRects())
      if (line.left < outer.left - 1 || line.right > outer.right + 1) { faults.push(`sticks out: ${name(e)}`); break; }
  }
  // What stands side by side does not lie on top of each other.
  for (const row of document.querySelectorAll(".bars li, .facts, nav")) {
    const boxes = [...row.children].map((e) => e.getBoundingClientRect());
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
      const apart = a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
      if (!apart) faults.push(`covers another: ${name(row)}`);
    }));
  }
  return { faults, texts: seen.length, ground: behind(document.body || document.documentElement), scroll: document.documentElement.scrollWidth, width: innerWidth };
})()
