# An incident's saved arguments, asked again: by the language that wrote them and by the other one, in the same words.

const AGAIN_SERIES = minute_series(1:50; volume=false, backend="julia")
const AGAIN_TIMES = [20, 30] .* MINUTE_US
const AGAIN_X = [1.0 + (i^1.5) % 7 for i in 1:30]
const AGAIN_ADMITS = O.Admits(true, false, false)

# A file of two candles, for read_csv.
function csv_file(folder)
    path = joinpath(folder, "two.csv")
    write(path, "timestamp,open,high,low,close\n2020-01-01 00:00:00,1,2,0.5,1.5\n2020-01-01 00:01:00,1,2,0.5,1.5\n")
    return path
end

# (call, arguments as they are saved) of everything that can be asked again.
function calls_to_ask(folder)
    slicer, x = SymbolDataSlicer(AGAIN_SERIES), AGAIN_X
    options = last(O.saved_parts(AGAIN_SERIES))
    kernels = [String(name) => (Tuple(x .+ i for i in 1:O.inputs_of(call)), O.kernel_numbers(call)) for name in O.KERNELS
               for call in (O.call_with(name, 5, 3, 1, true, 9, 4, 2.0),)]
    pushed = [string("push ", name) => ((x[1:8] for _ in ins)..., Tuple(9.0 for _ in ins), numbers) for (name, (ins, numbers)) in kernels]
    return [kernels; pushed;
        "ema" => ((x,), (3, 5, 0)); "mean" => ((), (5, 5, 0)); "mean" => ((x, 2x), (5, 5, 0));
        "cov" => ((x, 2x, x .- 1, 3x), (5, 5, 1, 0));
        "accept" => O.saved_parts(AGAIN_SERIES); "read_csv" => (csv_file(folder), "us", options);
        "quality" => (AGAIN_SERIES,); "gaps" => (AGAIN_SERIES, 5); "pair_quality" => (AGAIN_SERIES, AGAIN_SERIES);
        "get_lookbacks" => (slicer, AGAIN_TIMES, 3, AGAIN_ADMITS); "get_lookbacks" => (slicer, [0], 3, AGAIN_ADMITS);
        "get_candles_at" => (slicer, AGAIN_TIMES); "get_candles_asof" => (slicer, AGAIN_TIMES, false);
        "gather_lookback" => (slicer, AGAIN_TIMES, 3, "close", AGAIN_ADMITS);
        "resample" => (AGAIN_SERIES, 5MINUTE_US, 0, true); "align" => (AGAIN_SERIES, AGAIN_SERIES, true, false, nothing);
        "moments" => ((AGAIN_SERIES,), true, false, nothing); "get_slice" => (slicer, MINUTE_US, 5MINUTE_US, true)]
end

kept_incident(call, text; has_arguments=true) = O.recorded(O.new_incident("kernels", "panic", O.Subject("b1d"); started=time(),
    switched=time(), call=call, has_arguments=has_arguments, by="the call"), text)

@testset "arguments come back as they went, and what is none is refused" begin
    x = [1.5, -0.0, NaN, 5e-324]
    call, given = O.arguments_of(O.arguments_text("bollinger", ((x,), (20, 2.5, true, nothing, "a b")), 3))
    @test call == "bollinger" && same_bits(given[1][1], x) && given[2] === (20, 2.5, true, nothing, "a b")
    _, given = O.arguments_of(O.arguments_text("align", (AGAIN_SERIES, AGAIN_ADMITS, Int64[])))
    @test given[1].options.identity.symbol == "TEST" && given[1].saved.columns.close == AGAIN_SERIES.close && !given[1].saved.has_volume
    @test given[2] === AGAIN_ADMITS && given[3] == Int64[]
    @test_error 1009 ["too long"] O.arguments_of(O.arguments_text("mean", (zeros(O.MOST_KEPT + 1),)))
    for text in ("", "# the arguments could not be written: x\n", "# omega-arguments/1\ncall\tmean\nseveral\t2\nint\t1\n",
        "# omega-arguments/1\ncall\tmean\nint\tx\n", "# omega-arguments/1\ncall\tmean\nfigure\t1\n")
        @test_error 1009 String[] O.arguments_of(text)
    end
end

@testset "what cannot be asked again is an error, and the record names verify" begin
    with_state() do _
        @test_error 1001 ["RB-none", "none"] reproduce("RB-none")
        @test_error 1004 String[] reproduce(1)
        bare = kept_incident("mean", ""; has_arguments=false)
        @test_error 1007 ["no arguments"] reproduce(bare.rollback_id)
        @test_error 1001 [bare.rollback_id] reproduce("RB-none")
        arrow = kept_incident("to_ipc", O.arguments_text("to_ipc", (AGAIN_SERIES, 0, 2)))
        @test_error 1007 ["to_ipc"] reproduce(arrow.rollback_id)
        @test all(one -> occursin("verify(\"kernels\")", one.reproduce), (bare, arrow))
        other = kept_incident("mean", O.arguments_text("mean", ((AGAIN_X,), (5,))))
        @test_error 1009 ["mean"] reproduce(other.rollback_id)
        x = AGAIN_X
        for (call, given) in ("cov" => ((x,), (5, 5, 1, 0)), "cov" => ((x, x[2:end]), (5, 5, 1, 0)), "atr" => ((x, x, x, x), (5, 0)),
            "mean" => ((x, "x"), (5, 5, 0)), "push cov" => (x, (1.0, 2.0), (5, 5, 1, 0)), "push mean" => (x, (1.0, 2.0), (5, 5, 0)),
            "push mean" => ((1.0,), (5, 5, 0)), "push cov" => (x, x[2:end], (1.0, 2.0), (5, 5, 1, 0)))
            edited = kept_incident(call, O.arguments_text(call, given))
            @test_error 1009 ["not the arguments of $call", "rows"] reproduce(edited.rollback_id)
        end
        gone = kept_incident("mean", O.arguments_text("mean", ((AGAIN_X,), (5, 5, 0))))
        rm(joinpath(O.results_folder(), gone.arguments_file))
        @test_error 1007 [gone.arguments_file] reproduce(gone.rollback_id)
    end
end

if "native" in BACKENDS
    @testset "every call that can be asked again is, and library and fallback agree" begin
        with_state() do folder
            asked = calls_to_ask(folder)
            for (call, given) in asked
                found = reproduce(kept_incident(call, O.arguments_text(call, given)).rollback_id)
                @test found.agree && only_one(found.said) == sprint(show, found) && startswith(found.said[1], "$call: the library and the fallback say")
            end
            @test Set(first.(asked)) ⊇ Set(String.([keys(O.ASKED_AGAIN)...; O.KERNELS...]))
        end
    end

    @testset "a record's command asks its call again" begin
        with_state() do folder
            made = kept_incident("mean", O.arguments_text("mean", ((AGAIN_X,), (5, 5, 0))))
            path = string(dirname(first(Base.julia_cmd().exec)), ":", ENV["PATH"])
            @test read(setenv(`sh -c $(made.reproduce)`, merge(Dict(ENV), Dict("PATH" => path))), String) ==
                  "mean: the library and the fallback say the same 30 values\n"
        end
    end

    @testset "both languages ask what either wrote, and say the same of it" begin
        python = joinpath(ROOT, ".venv", "bin", "python")
        if !isfile(python)
            println("skipped: reproducing with Python (no .venv here: make setup-python)")
        else
            run_python(code, folder) = read(setenv(`$python -W ignore -c $code`, merge(Dict(ENV), Dict("PYTHONPATH" => joinpath(ROOT, "python", "src"),
                "OMEGA_VAR_DIR" => folder)); dir=tempdir()), String)
            with_state() do folder
                for (call, given) in calls_to_ask(folder)
                    call == "get_slice" || kept_incident(call, O.arguments_text(call, given)) # Python has no such call
                end
                # Each is written again by Python, from what it read, and asked by both.
                theirs = run_python("""
                    from omega_slicer._guard.incidents import Subject, every, made, now, recorded
                    from omega_slicer._guard.reproduce import _live, _said, reproduced
                    from omega_slicer._guard.text import arguments_of, arguments_text
                    from omega_slicer._fallback import PYTHON
                    for one in every():
                        call, args = arguments_of((one.path.parent / one.arguments_file).read_text())
                        live = [_live(PYTHON, arg) for arg in args]
                        again = made(one.module, "panic", Subject("b1d"), started=now(), call=call, has_arguments=True, detected_by="x")
                        recorded(again, lambda: arguments_text(call, live))
                    for one in every():
                        saved = (one.path.parent / one.arguments_file).read_text()
                        print(one.rollback_id, *reproduced(one.rollback_id), _said(PYTHON, *arguments_of(saved)))
                    """, folder)
                ours = map(incidents()) do one
                    found, question = reproduce(one.rollback_id), O.question_again(O.arguments_of(O.saved_arguments(one))...)
                    string(one.rollback_id, " ", found.agree ? "True" : "False", " ", found, " ", O.said_again(question, nothing))
                end
                @test split(chomp(theirs), '\n') == ours && length(ours) > 100
                @test count(one -> startswith(one.language, "python"), incidents()) == length(ours) ÷ 2
            end
        end
    end
end

if isfile(FAULT_LIBRARY)
    @testset "of a library that still fails the first value that differs is said" begin
        with_state() do folder
            made = kept_incident("mean", O.arguments_text("mean", ((AGAIN_X,), (5, 5, 0))))
            ask = "using OmegaJulia; found = reproduce($(repr(made.rollback_id))); println(found.agree); println(found)"
            say(fault) = split(child(ask; environment=["OMEGA_VAR_DIR" => folder, "OMEGA_LIBRARY" => FAULT_LIBRARY, "OMEGA_FAULT" => fault])[2], '\n'; keepempty=false)
            flipped = say("flip")
            @test flipped[1] == "false" && length(flipped) == 3
            @test occursin(r"^mean, value [0-9]+ \(from 0\) of 30: the library says .* \([0-9a-f]{16}\)$", flipped[2])
            @test occursin(r"^mean, value [0-9]+ \(from 0\) of 30: the fallback says ", flipped[3])
            @test say("none") == ["true", "mean: the library and the fallback say the same 30 values"]
            @test say("panic")[2] == "mean: the library says FFI_PANIC_CAUGHT (5005)"
        end
    end
end
