// Which words of the law does any reader know?

/** Plain English and the daily words of kernels. Whoever adds one asks first whether a plainer one would do. */
export const PLAIN: readonly string[] =
  `able about absent access account acts after afterwards again against agree aligned alignment alike all allocate
allocation allocator allow alone along already also although always among an anew announces another any anything
apart appear architecture are argument arrived as ask assigned at attachments auto away back backend bare batch
be because becomes been before begin begun behalf behind belong below benign beside between beyond bit bitmap
both bound bridge buffer busy but by byte cache call caller came can cannot capabilities care carried carries
certainly change charge checks chooses cleared close code coherency come command common complete concerned
continue controller copy core costs could count counter covers current cut data dead deadlock declared deletion
depend depth describe description descriptor detach dialect dies different differs disabled display divide do
done down driven driver drops each earlier early eighth either else emptied empty enabled end enforces enough
error even ever every everybody everything everywhere exactly exchanged exist express extension fail failures
falls few fewer field file find finished firmware first fit five flag follows for forget forgotten form format
former found free fresh from full function gets give given go gone good guest half hands happens hard hardware
has have he held here high hold holder host how however idle if ignored incoming index info inner inside
instruction interface into invalid invalidate is isolated it itself join judge keep kept kernel kib kind know
known large larger largest last late later leads least leave left less let level lie lies lifts like limit line
list live long longer look lose low lowest machine made make manage many marks mask matches matter means meant
meanwhile meets member met metal middle might mirror misses modulo moment more most move much multiple mutex
name need negative neighbours neither nest never new next no nobody none nor not nothing notice now nowhere
number object of offset old older on once only open operation option or order other otherwise out outer
outermost outlives outputs outside over overlap overwrote owed own pair parallel parent partition pass past
pending permission permit physical pieces place platform plus point pointer position possible power preinit
present primary private process programs put query race range reach read readable really reason reference
registered remaining removal renews reopening replace report represents request reset resolves rest restored
return right rolled room rounds row run said same say scan second seen selective sent serve service several
share shift short shows sides since six size skipped sleeps smaller smallest so software some somebody something
soon special split stand start state static status stay step sticks still stop stored structure succeed such sum
support switched table take taken task tell than that the their them then there they third this those though
thread three through time timeout to together told too took top traffic translate translation trimmed twice two
unbind unbound uncertain undefined under undone unless unmap unpinned unplug unsafe unset until up usable user
valid value version very wait waiter wake walked want warns was way well were what whatever when where wherever
whether which whichever while who whoever whole whom wider width will wins with within without woken word would
writable write written wrote yes yet
`
    .trim()
    .split(/\s+/);
