"""Twenty short lyrics written for this test: common and long metre, ballads, trochees, triple time, free lines."""

LYRICS = (
    "The lamps along the platform shake,\nThe rain comes down in lines;\nI count the stops I used to make\n"
    "And read the names on signs.",
    "A stranger shares a paper cup,\nWe watch the fields go by;\nAnd one by one the towns light up\n"
    "Like stars that missed the sky.",
    "Take me where the kettle sings,\nTake me home tonight.",
    "Sing me something slow and simple,\nSing me over to the shore.",
    "The miller kept a silver mare,\nThe mare she kept the mill;\nAnd when the miller went away\nThe mare was grinding still.",
    "Over the water and under the bridges,\nMorning is carrying bread to the town.",
    "I left a light on in the hall,\nI left the window wide;\nThe summer came and took it all\nAnd laid it down outside.",
    "Winter, winter, hold your fire,\nLet the river run.",
    "There's a house at the end of the harbour,\nThere's a boat with a broken blue door.",
    "My mother had a garden once,\nShe grew it out of stone;\nAnd every rose she planted there\nWould rather be alone.",
    "Hush now, little engine,\nThe mountain is high.",
    "We were only passing through,\nNobody remembers who.",
    "O carry me over the meadow, my darling,\nO carry me over the hill.",
    "The letter never reached the north,\nThe paper turned to snow;\nBut something in the wind set forth\n"
    "To tell you what I know.",
    "Golden apples, silver spoons,\nSeven sleepy afternoons.",
    "I heard the city breathing,\nI heard it in the wall.",
    "When the thunder comes down from the valley at night,\nI will wait by the gate with a lantern for light.",
    "Every window, every wire\nHums a little like a choir.",
    "The captain sleeps, the compass turns,\nThe candle in the cabin burns;\nAnd no one knows and no one learns\n"
    "How far it is to shore.",
    "Come in from the dark, come in from the rain,\nAnd tell me your story again and again.",
)
