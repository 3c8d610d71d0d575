def test_smoke(explorer):
    print(explorer.search(explorer.thumbnail(3)).to_json())
